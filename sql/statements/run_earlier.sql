-- The latest decision that covers these bytes, nothing that decides having changed: nothing newer was
-- accepted. A hold that a person approved is covered by the run that loaded it, and by nothing else.
select run_id, outcome, reason, reason_th
from meta.run r
where source_id = :source and snapshot_sha256 = :snapshot and declaration_sha256 = :declaration
  and (outcome in ('accepted', 'rejected') or outcome = 'held' and decided_at is null)
  and not exists (
      select from meta.run newer
      where newer.source_id = r.source_id and newer.outcome = 'accepted' and newer.run_id > r.run_id
        and (not newer.reread or newer.snapshot_sha256 = r.snapshot_sha256)
  )
order by run_id desc
limit 1
