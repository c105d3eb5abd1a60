-- What was judged of the same source after this run.
select newer.run_id, newer.source_id, newer.outcome
from meta.run r
join meta.run newer
  on newer.source_id = r.source_id and newer.run_id > r.run_id
     and newer.outcome in ('accepted', 'held', 'rejected')
     and (not newer.reread or newer.snapshot_sha256 = r.snapshot_sha256)
where r.run_id = :run_id
order by newer.run_id
limit 1
