update meta.run
set outcome = :outcome, finished_at = clock_timestamp(), reason = :reason, reason_th = :reason_th,
    evidence = cast(:evidence as jsonb)
where run_id = :run_id
