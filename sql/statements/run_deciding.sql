-- What decided when these bytes were last judged.
select deciding from meta.run
where source_id = :source and snapshot_sha256 = :snapshot
  and outcome in ('accepted', 'held', 'rejected')
order by run_id desc
limit 1
