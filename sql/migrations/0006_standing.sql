-- What decided is kept in parts with each run, so that it can be said why bytes are read again; and one
-- decision covers what an upgrade of the code changes on the map.
create table meta.upgrade (
    upgrade_id integer generated always as identity primary key,
    decided_by text not null check (decided_by ~ '\S'),
    decided_reason text not null check (decided_reason ~ '\S'),
    decided_at timestamptz not null default clock_timestamp()
);
alter table meta.run
    add column deciding jsonb not null default '{}',
    add column reread boolean not null default false,
    add column upgrade_id integer references meta.upgrade;

-- A hash of content may say which recipe made it, by one byte more.
do $$
declare
    checked record;
begin
    for checked in
        select conrelid::regclass as history, conname from pg_constraint
        where connamespace = 'core'::regnamespace and contype = 'c'
          and pg_get_constraintdef(oid) like '%octet_length(content_hash) = 16%'
    loop
        execute format('alter table %s drop constraint %I', checked.history, checked.conname);
        execute format(
            'alter table %s add constraint %I check (octet_length(content_hash) in (16, 17)) not valid',
            checked.history, checked.conname);
    end loop;
end $$;
