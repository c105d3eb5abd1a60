-- What each source's rows in the release came with; `fetched_on` is the day in Bangkok.
select distinct on (source_id)
       source_id, snapshot_sha256, fetched_at,
       (fetched_at at time zone 'Asia/Bangkok')::date as fetched_on,
       rows_in, rows_published, rows_quarantined, rows_filtered, rows_at_area
from meta.run
where source_id = any (cast(:sources as text[])) and outcome = 'accepted'
  and target_release <= :target and (ended_release > :target) is not false
order by source_id, run_id desc
