-- What each source's content came with; `fetched_on` is the day in Bangkok.
select source_id, snapshot_sha256, fetched_at,
       (fetched_at at time zone 'Asia/Bangkok')::date as fetched_on,
       rows_in, rows_published, rows_quarantined, rows_filtered, rows_at_area
from meta.latest_accepted_run
where source_id = any (cast(:sources as text[]))
