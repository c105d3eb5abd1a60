-- The boundaries and their fingerprint, of one moment. A dry run may meet functions of an earlier version,
-- whose areas did not say their district: then the name is that of `unsaid`, and the code begins with it.
with found as materialized (select meta.areas_fingerprint() as fingerprint)
select a.level, a.code, coalesce((select district_code from (select a.*) said), left(a.code, 4)) as district_code,
       a.shape, fingerprint
from meta.admin_areas() a, found, (select cast(null as text) as district_code) unsaid
order by level, code
