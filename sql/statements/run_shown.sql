-- All that is known of one run.
select r.run_id as run, r.source_id as source, r.layer_id as layer, meta.told_outcome(r.outcome, r.layer_id) as outcome,
       r.reason, r.reason_th, r.started_at, r.finished_at,
       cast(extract(epoch from r.finished_at - r.started_at) as double precision) as seconds,
       r.rows_in, r.rows_published, r.rows_quarantined, r.rows_filtered, r.rows_at_area, r.rows_repaired,
       r.features_added, r.features_changed, r.features_removed, r.target_release as release,
       r.decided_by, r.decided_reason, r.decided_at, r.reread, r.snapshot_sha256, r.fetched_at,
       r.details_pruned_at, r.snapshot_pruned_at,
       r.evidence - 'seen' as evidence, r.lineage - 'schema' as lineage,
       exists (select from meta.open_hold h where h.run_id = r.run_id) as waits,
       (
           select coalesce(jsonb_agg(jsonb_build_object(
               'reason', jsonb_build_object('th', f.reason_th, 'en', f.reason_en), 'count', f.n
           ) order by f.n desc), '[]')
           from (
               select reason_th, reason_en, count(*) as n from meta.filtered_row
               where run_id = r.run_id group by reason_th, reason_en
           ) f
       ) as filtered
from meta.run r
where r.run_id = :run
