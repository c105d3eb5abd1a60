-- What a reader may do beyond reading what is theirs: schemas that they may enter or build in, and tables
-- of ours that they may write.
select format('%s: %s on schema %s', r.rolname, lower(privilege), n.nspname) as too_much
from pg_roles r
cross join pg_namespace n
cross join unnest(array['USAGE', 'CREATE']) as privilege
where r.rolname in ('onemap_planner', 'onemap_web')
  and n.nspname in ('meta', 'staging', 'core', 'onemap', 'web', 'public')
  and has_schema_privilege(r.oid, n.oid, privilege)
  and not (privilege = 'USAGE' and (
      n.nspname = 'public' or (r.rolname, n.nspname) in (('onemap_planner', 'onemap'), ('onemap_web', 'web'))
  ))
union all
select format('%s: %s on %I.%I', r.rolname, lower(privilege), n.nspname, c.relname)
from pg_roles r
cross join pg_class c
join pg_namespace n on n.oid = c.relnamespace
cross join unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) as privilege
where r.rolname in ('onemap_planner', 'onemap_web')
  and c.relkind in ('r', 'v', 'p')
  and n.nspname in ('meta', 'staging', 'core', 'onemap', 'web')
  and has_table_privilege(r.oid, c.oid, privilege)
order by too_much
