-- Every release, the newest first, with what the runs that it took in changed.
select r.release, r.published_at, r.release = p.release as current, r.files_pruned_at,
       (select cast(sum(cast(l ->> 'features' as integer)) as integer) from jsonb_array_elements(r.manifest -> 'layers') l) as features,
       cast(coalesce(n.added, 0) as integer) as added, cast(coalesce(n.changed, 0) as integer) as changed,
       cast(coalesce(n.removed, 0) as integer) as removed,
       coalesce(n.runs, '{}') as runs, coalesce(n.sources, '{}') as sources
from meta.release r
cross join meta.pointer p
left join (
    select target_release, sum(features_added) as added, sum(features_changed) as changed,
           sum(features_removed) as removed, array_agg(run_id order by run_id) as runs,
           array_agg(distinct source_id) as sources
    from (
        select distinct on (target_release, source_id) * from meta.run
        where outcome = 'accepted'
        order by target_release, source_id, run_id desc
    ) last
    group by target_release
) n on n.target_release = r.release
order by r.release desc
limit :most
