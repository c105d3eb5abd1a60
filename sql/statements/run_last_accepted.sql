select run_id, rows_published, lineage from meta.latest_accepted_run where source_id = :source
