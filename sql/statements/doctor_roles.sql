-- The readers' roles, and what no reader should be.
select wanted as name, rolname is not null as found,
       coalesce(rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls, false) as mighty
from unnest(array['onemap_planner', 'onemap_web']) as wanted
left join pg_roles on rolname = wanted
order by wanted
