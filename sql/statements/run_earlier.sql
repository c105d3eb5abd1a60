-- The latest decision that covers these bytes under these declarations: nothing newer was accepted.
select run_id, outcome, reason, outcome = 'held' and decided_at is not null as approved
from meta.run r
where source_id = :source and snapshot_sha256 = :snapshot and declaration_sha256 = :declaration
  and outcome in ('accepted', 'held', 'rejected')
  and not exists (
      select from meta.run newer
      where newer.source_id = r.source_id and newer.outcome = 'accepted' and newer.run_id > r.run_id
  )
order by run_id desc
limit 1
