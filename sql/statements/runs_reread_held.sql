select run_id from meta.open_hold h
join meta.run r using (run_id)
where r.reread and not r.evidence ? 'rejected'
order by run_id
