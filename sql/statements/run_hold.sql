update meta.run
set outcome = 'held', finished_at = clock_timestamp(), reason = :reason, reason_th = :reason_th,
    evidence = cast(:evidence as jsonb), lineage = cast(:lineage as jsonb), rows_in = :rows_in,
    rows_published = :rows_published, rows_quarantined = :rows_quarantined,
    rows_filtered = :rows_filtered
where run_id = :run_id
