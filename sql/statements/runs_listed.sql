-- Runs, the newest first; of one source, or of all.
select r.run_id as run, r.source_id as source, r.layer_id as layer, meta.told_outcome(r.outcome, r.layer_id) as outcome,
       r.started_at, r.finished_at,
       cast(extract(epoch from r.finished_at - r.started_at) as double precision) as seconds,
       r.rows_in, r.rows_published, r.rows_quarantined, r.rows_filtered, r.rows_at_area, r.rows_repaired,
       (select count(*) from meta.issue i where i.run_id = r.run_id and i.severity = 'warning') as warnings,
       r.features_added, r.features_changed, r.features_removed, r.target_release as release,
       r.reason, r.reason_th, r.decided_by, r.decided_reason, r.decided_at, r.reread
from meta.run r
where r.source_id = :source or cast(:source as text) is null
order by r.run_id desc
limit :most
