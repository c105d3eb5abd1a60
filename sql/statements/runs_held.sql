-- The last word on a source counts: a hold is over once anything newer was accepted or held.
select run_id, source_id, layer_id, snapshot_sha256, started_at, reason, reason_th, evidence
from meta.run r
where outcome = 'held' and decided_at is null
  and not exists (
      select from meta.run newer
      where newer.source_id = r.source_id and newer.run_id > r.run_id
        and newer.outcome in ('accepted', 'held')
  )
order by run_id
