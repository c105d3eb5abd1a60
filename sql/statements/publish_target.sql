-- The release to publish next, how many versions begin or end with it, and the declarations that the
-- current one followed.
select p.release + 1 as target,
       cast(p.database_id as text) as database_id,
       meta.pending_changes(p.release + 1) as changes,
       r.manifest ->> 'declarations_sha256' as declarations
from meta.pointer p
left join meta.release r on r.release = p.release
