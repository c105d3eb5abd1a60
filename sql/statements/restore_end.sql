-- A dump is restored without its owners and rights, which are of another server: the readers get theirs
-- here. Only the last line commits: of a restore that was killed, nothing is left.
reset all;
-- A dump keeps what a view asks and not what it calls its columns, and `place` calls them otherwise.
drop view if exists onemap.place, web.place;
call meta.define_places('onemap');
call meta.define_places('web');
call meta.grant_readers();
revoke all on all routines in schema onemap from public;
grant execute on all routines in schema onemap to onemap_planner;
do $$
declare
    restored regclass;
begin
    for restored in
        select oid from pg_class where relkind = 'r' and relnamespace in ('core'::regnamespace, 'meta'::regnamespace)
    loop
        execute format('analyze %s', restored);
    end loop;
end $$;
notify onemap_pointer;
commit;
