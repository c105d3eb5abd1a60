-- Their content never reached the map: the same bytes are read again, at the next look. What a person let
-- through waits for them again, for an approval that loaded nothing was never made.
with undone as (
    update meta.run
    set outcome = 'fault', reason = :reason, reason_th = :reason_th
    where layer_id = :layer and outcome = 'accepted' and target_release = :target
    returning source_id, cast(evidence -> 'approved' ->> 'run' as integer) as hold
),
looked as (
    update meta.source
    set looked_outcome = 'fault'
    where looked_outcome is not null and source_id in (select source_id from undone)
)
update meta.run
set decided_by = null, decided_reason = null, decided_at = null, upgrade_id = null
where outcome = 'held' and run_id in (select hold from undone)
