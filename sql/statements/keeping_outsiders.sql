-- Views in schemas of somebody's own that are built upon the map's.
select distinct format('%I.%I', outer_schema.nspname, outsider.relname) as name
from pg_depend d
join pg_rewrite w on w.oid = d.objid and d.classid = 'pg_rewrite'::regclass
join pg_class outsider on outsider.oid = w.ev_class
join pg_namespace outer_schema on outer_schema.oid = outsider.relnamespace
join pg_class ours on ours.oid = d.refobjid and d.refclassid = 'pg_class'::regclass
join pg_namespace inner_schema on inner_schema.oid = ours.relnamespace
where inner_schema.nspname in ('meta', 'staging', 'core', 'onemap', 'web')
  and outer_schema.nspname not in ('meta', 'staging', 'core', 'onemap', 'web')
order by name
