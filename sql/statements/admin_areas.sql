-- The boundaries and their fingerprint, of one moment.
with found as materialized (select meta.areas_fingerprint() as fingerprint)
select level, code, district_code, shape, fingerprint from meta.admin_areas(), found
order by level, code
