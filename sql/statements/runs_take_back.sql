-- Their content never reached the map: the same bytes are read again. What a person let through waits for
-- them again, for an approval that loaded nothing was never made.
with undone as (
    update meta.run
    set outcome = 'fault', reason = :reason, reason_th = :reason_th
    where layer_id = :layer and outcome = 'accepted' and target_release = :target
    returning cast(evidence -> 'approved' ->> 'run' as integer) as hold
)
update meta.run
set decided_by = null, decided_reason = null, decided_at = null, upgrade_id = null
where outcome = 'held' and run_id in (select hold from undone)
