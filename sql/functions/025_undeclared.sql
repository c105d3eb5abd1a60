-- The sources that the map declares for a layer. What others brought is not in the coming release.
create or replace function meta.declared_sources(layer_name text) returns text[]
language sql stable as $$
    select coalesce(array_agg(source_id), '{}') from meta.source where layer_id = layer_name and declared
$$;

-- All other sources: what they brought ends.
create or replace function meta.other_sources(layer_name text) returns text[]
language sql stable as $$
    select coalesce(array_agg(source_id), '{}') from meta.source where layer_id <> layer_name or not declared
$$;

-- Ends what came from other sources, in the transaction that moves the pointer: a publication that fails
-- has ended nothing. Its history stays; were the source declared again, its bytes would be read again.
create or replace function meta.end_undeclared(layer_name text, target integer) returns bigint
language plpgsql as $$
declare
    ended bigint;
begin
    execute format($sql$
        delete from core.%I l
        where l.release_from = $1 and l.source_id = any ($2)
        $sql$, layer_name) using target, meta.other_sources(layer_name);
    execute format($sql$
        update core.%I l set release_to = $1
        where l.release_to is null and l.source_id = any ($2)
        $sql$, layer_name) using target, meta.other_sources(layer_name);
    get diagnostics ended = row_count;
    update meta.run r
    set declaration_sha256 = null,
        ended_release = case when r.outcome = 'accepted' then coalesce(r.ended_release, target) end
    where r.layer_id = layer_name and r.declaration_sha256 is not null
      and r.source_id = any ((select meta.other_sources(layer_name))::text[]);
    return ended;
end $$;
