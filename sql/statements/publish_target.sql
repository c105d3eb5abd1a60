-- The release to publish next, how many versions begin or end with it, the current one with the declarations
-- and the format that it followed, and the declarations that the database follows.
select p.release + 1 as target,
       cast(p.database_id as text) as database_id,
       meta.pending_changes(p.release + 1) as changes,
       r.manifest ->> 'declarations_sha256' as declarations,
       coalesce(cast(r.manifest ->> 'format' as integer), 1) as format,
       r.manifest,
       m.setup_sha256 as setup
from meta.pointer p
left join meta.release r on r.release = p.release
left join meta.map m on true
