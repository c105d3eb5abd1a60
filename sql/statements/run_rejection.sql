-- A person's rejection of these bytes that nobody's approval followed.
select run_id, decided_by, decided_reason, decided_at from meta.run r
where source_id = :source and snapshot_sha256 = :snapshot and outcome = 'rejected'
  and not exists (
      select from meta.run newer
      where newer.source_id = r.source_id and newer.snapshot_sha256 = r.snapshot_sha256
        and newer.outcome = 'accepted' and newer.run_id > r.run_id
  )
order by run_id desc
limit 1
