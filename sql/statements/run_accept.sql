update meta.run
set outcome = 'accepted', finished_at = clock_timestamp(), reason = null, reason_th = null,
    target_release = :target, rows_in = :rows_in, rows_published = :rows_published,
    rows_quarantined = :rows_quarantined, rows_filtered = :rows_filtered, rows_at_area = :rows_at_area,
    rows_repaired = :rows_repaired, features_added = :added, features_changed = :changed,
    features_removed = :removed, evidence = cast(:evidence as jsonb), lineage = cast(:lineage as jsonb)
where run_id = :run_id
