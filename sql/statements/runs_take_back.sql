-- Their content never reached the map: the same bytes are read again.
update meta.run
set outcome = 'fault', reason = :reason, reason_th = :reason_th
where layer_id = :layer and outcome = 'accepted' and target_release = :target
