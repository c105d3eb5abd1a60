-- Rows of a run that have an error, as they were delivered; no other columns leave the database.
select q.source_row as row, q.codes,
       (
           select coalesce(jsonb_object_agg(c.name, q.raw -> c.name), '{}')
           from unnest(cast(:columns as text[])) as c (name)
           where q.raw ? c.name
       ) as values
from meta.quarantined_row q
where q.run_id = :run
order by q.source_row
