-- From what is prepared to what is published.

-- Versions that begin or end with the coming release, over all layers. None: nothing to publish.
create or replace function meta.pending_changes(target integer) returns bigint
language plpgsql stable as $$
declare
    layer_name text;
    part bigint;
    total bigint := 0;
begin
    for layer_name in select layer_id from meta.layer where declared order by layer_id loop
        execute format('select count(*) from core.%I where release_from = $1 or release_to = $1', layer_name)
            into part using target;
        total := total + part;
    end loop;
    return total;
end $$;

-- Moves the one pointer that all readers follow. The caller holds the leases of all layers.
create or replace procedure meta.publish(target integer, at timestamptz, manifest jsonb)
language plpgsql as $$
begin
    update meta.pointer set release = target where release = target - 1;
    if not found then
        raise exception 'release % does not follow the current one', target using errcode = 'serialization_failure';
    end if;
    insert into meta.release (release, published_at, manifest) values (target, at, manifest);
end $$;
