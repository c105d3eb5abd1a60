-- Rows on their way in have tables of the run's own session: those that all runs shared go.
do $$
declare
    shared regclass;
begin
    for shared in select oid from pg_class where relnamespace = 'staging'::regnamespace and relkind = 'r' loop
        execute format('drop table %s', shared);
    end loop;
    delete from meta.definition where name like 'staging.%';
end $$;
