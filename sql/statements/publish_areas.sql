-- The areas that places name, and the districts around them (which count for all of theirs): name, and
-- an anchor for the label of a count, deep inside the polygon.
with holder as (
    select location_precision as level,
           case location_precision when 'subdistrict' then subdistrict_code else district_code end as code
    from public_place where location_precision <> 'exact'
    union
    select 'district', district_code
    from public_place where location_precision <> 'exact'
),
area as (
    select distinct on (level, code) level, code, attributes, geom
    from (
        select 'district' as level, district_code as code, feature_id, attributes, geom
        from public_place where layer_id = meta.layer_of_role('district')
        union all
        select 'subdistrict', subdistrict_code, feature_id, attributes, geom
        from public_place where layer_id = meta.layer_of_role('subdistrict')
    ) polygon
    where geom is not null
    order by level, code, feature_id
)
select h.code, h.level, a.attributes ->> 'name_th' as name_th, a.attributes ->> 'name_en' as name_en,
       st_x(c.center) as lon, st_y(c.center) as lat
from holder h
left join area a using (level, code)
left join lateral st_maximuminscribedcircle(a.geom) c on true
where h.code is not null
order by h.level, h.code
