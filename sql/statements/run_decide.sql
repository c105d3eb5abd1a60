update meta.run
set decided_by = :by, decided_reason = :reason, decided_at = clock_timestamp(),
    upgrade_id = cast(:upgrade as integer),
    outcome = case when :rejected then 'rejected' else outcome end
where run_id = :run_id and outcome = 'held' and decided_at is null
