update meta.release set files_pruned_at = clock_timestamp()
where release = any (cast(:releases as integer[])) and files_pruned_at is null
