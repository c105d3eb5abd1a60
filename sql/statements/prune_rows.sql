-- How many rows tell the details of these runs.
select (select count(*) from meta.issue where run_id = any (cast(:runs as integer[])))
       + (select count(*) from meta.quarantined_row where run_id = any (cast(:runs as integer[])))
       + (select count(*) from meta.filtered_row where run_id = any (cast(:runs as integer[])))
