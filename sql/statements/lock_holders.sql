-- Sessions whose transaction holds readers' or history tables, the oldest first.
select distinct format('session %s of %s', a.pid, a.usename)
from pg_locks l
join pg_class c on c.oid = l.relation
join pg_namespace n on n.oid = c.relnamespace and n.nspname in ('core', 'onemap', 'web', 'meta')
join pg_stat_activity a on a.pid = l.pid and a.pid <> pg_backend_pid()
where l.database = (select oid from pg_database where datname = current_database())
order by 1
