-- What decided may not be kept yet: a database that was not migrated has no such column.
select run_id, rows_published, lineage, snapshot_sha256, to_jsonb(r) -> 'deciding' as deciding
from meta.run r
where source_id = :source and outcome = 'accepted'
order by run_id desc
limit 1
