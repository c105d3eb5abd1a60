-- Least privilege: planners read `onemap`, the web reads `web`, nobody else reads anything.
create or replace procedure meta.grant_readers()
language plpgsql as $$
begin
    revoke all on all tables in schema meta, staging, core, onemap, web from public;
    revoke all on schema meta, staging, core, onemap, web from public;
    revoke execute on all routines in schema meta from public;
    grant usage on schema onemap to onemap_planner;
    grant select on all tables in schema onemap to onemap_planner;
    revoke all on all routines in schema onemap from public;
    grant execute on all routines in schema onemap to onemap_planner;
    grant usage on schema web to onemap_web;
    grant select on all tables in schema web to onemap_web;
end $$;
