-- The last word on a source counts: a hold is over once anything newer was judged. That older bytes were
-- read again is nothing newer.
create or replace view meta.open_hold as
select run_id, source_id, layer_id, snapshot_sha256, started_at, reason, reason_th, evidence
from meta.run r
where outcome = 'held' and decided_at is null
  and not exists (
      select from meta.run newer
      where newer.source_id = r.source_id and newer.run_id > r.run_id
        and newer.outcome in ('accepted', 'held', 'rejected')
        and (not newer.reread or newer.snapshot_sha256 = r.snapshot_sha256)
  );
comment on view meta.open_hold is 'การส่งที่รอการตัดสินใจ / Deliveries that wait for a decision';
