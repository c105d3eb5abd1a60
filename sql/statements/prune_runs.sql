-- Every run, and whether it is needed whatever its age: by a release whose files stay (which came with it),
-- by the next upgrade (the last accepted of its source), by a person who has yet to decide, by one who
-- turned it away, or by itself, because it goes on.
with published as (
    select distinct on (k.release, r.source_id) r.run_id
    from unnest(cast(:kept as integer[])) as k (release)
    join meta.run r
      on r.outcome = 'accepted' and r.target_release <= k.release
         and (r.ended_release > k.release) is not false
    order by k.release, r.source_id, r.run_id desc
),
needed as (
    select run_id from published
    union
    select run_id from meta.latest_accepted_run
    union
    select run_id from meta.run
    where outcome in ('running', 'rejected') or outcome = 'held' and decided_at is null
       or target_release > (select release from meta.pointer)
)
select r.run_id, r.source_id, r.snapshot_sha256, n.run_id is not null as needed,
       r.started_at > now() - make_interval(days => :snapshot_days) as delivered_lately,
       r.started_at > now() - make_interval(days => :run_days) as ran_lately,
       r.snapshot_pruned_at is not null as snapshot_pruned,
       r.details_pruned_at is not null as details_pruned
from meta.run r
left join needed n using (run_id)
order by r.run_id
