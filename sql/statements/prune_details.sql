with issues as (
    delete from meta.issue where run_id = any (cast(:runs as integer[]))
),
quarantined as (
    delete from meta.quarantined_row where run_id = any (cast(:runs as integer[]))
),
filtered as (
    delete from meta.filtered_row where run_id = any (cast(:runs as integer[]))
)
update meta.run set details_pruned_at = clock_timestamp() where run_id = any (cast(:runs as integer[]))
