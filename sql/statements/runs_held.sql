select * from meta.open_hold order by run_id
