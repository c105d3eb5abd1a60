-- Runs that are marked as running and whose layer nobody holds: they were killed.
select r.run_id, r.source_id
from meta.run r
where r.outcome = 'running'
  and not exists (
      select from meta.lease l
      join pg_stat_activity a on a.pid = l.backend_pid and a.backend_start = l.backend_start
      where l.layer_id = r.layer_id
  )
order by r.run_id
