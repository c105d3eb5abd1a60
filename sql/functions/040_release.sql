-- From what is prepared to what is published.

-- Versions that begin or end with the coming release, over all layers; what came from sources that are no
-- longer declared will end with it. None: nothing to publish.
create or replace function meta.pending_changes(target integer) returns bigint
language plpgsql stable as $$
declare
    layer_name text;
    part bigint;
    total bigint := 0;
begin
    for layer_name in select layer_id from meta.layer where declared order by layer_id loop
        execute format($sql$
            select (select count(*) from core.%1$I where release_to = $1)
                   + (select count(*) from core.%1$I where release_from = $1 and source_id = any ($2))
                   + (select count(*) from core.%1$I
                      where release_to is null and release_from < $1 and source_id = any ($3))
            $sql$, layer_name) into part
            using target, meta.declared_sources(layer_name), meta.other_sources(layer_name);
        total := total + part;
    end loop;
    return total;
end $$;

-- When a release is published: now, and never before the one that it follows, also after the clock was
-- set back.
create or replace function meta.publication_time() returns timestamptz
language sql volatile as $$
    select greatest(clock_timestamp(), max(published_at) + interval '1 microsecond') from meta.release
$$;

-- Moves the one pointer that all readers follow. The caller holds the leases of all layers.
create or replace procedure meta.publish(target integer, at timestamptz, manifest jsonb)
language plpgsql as $$
begin
    update meta.pointer set release = target where release = target - 1;
    if not found then
        raise exception 'release % does not follow the current one', target using errcode = 'serialization_failure';
    end if;
    if at <= (select max(published_at) from meta.release) then
        raise exception 'release % would be published before the one that it follows', target;
    end if;
    insert into meta.release (release, published_at, manifest) values (target, at, manifest);
    notify onemap_pointer;  -- who follows the pointer asks where it is, once this is committed
end $$;
