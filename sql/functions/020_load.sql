-- Loading one source's rows into the history of its layer. All of it runs in the caller's one transaction.

-- The release that loads prepare. The share lock keeps a publication from moving the pointer meanwhile.
create or replace function meta.target_release() returns integer
language sql as $$
    select release + 1 from meta.pointer for share
$$;

create or replace procedure meta.empty_staging(layer_name text)
language plpgsql as $$
begin
    execute format('truncate staging.%I, staging.%I', layer_name, layer_name || '_key');
end $$;

-- What an earlier load of this source prepared for the coming release is taken back: the new load
-- replaces it. What is published is never touched.
create or replace procedure meta.take_back(layer_name text, source text, target integer)
language plpgsql as $$
begin
    execute format('delete from core.%I where source_id = $1 and release_from = $2', layer_name)
        using source, target;
    execute format('update core.%I set release_to = null where source_id = $1 and release_to = $2', layer_name)
        using source, target;
end $$;

-- The same for all sources of a layer that cannot be built.
create or replace procedure meta.take_back_layer(layer_name text, target integer)
language plpgsql as $$
declare
    source text;
begin
    for source in select source_id from meta.source where layer_id = layer_name order by source_id loop
        call meta.take_back(layer_name, source, target);
    end loop;
end $$;

-- Hashes say which recipe made them: the first made 16 bytes, and said nothing; later ones begin with
-- their version.
create or replace function meta.hash_version(content_hash bytea) returns integer
language sql immutable as $$
    select case octet_length(content_hash) when 16 then 1 else get_byte(content_hash, 0) end
$$;

-- Hashes of different recipes say nothing of each other: such rows are compared by value. Where the
-- content is the same, the open version gets the hash of today's recipe, and stays.
create or replace procedure meta.renew_hashes(layer_name text, source text)
language plpgsql as $$
declare
    same text := (
        select coalesce(string_agg(format(' and l.%1$I is not distinct from s.%1$I', column_name), ''), '')
        from meta.layer_column where layer_id = layer_name
    );
begin
    execute format($sql$
        update core.%1$I l set content_hash = s.content_hash
        from staging.%1$I s
        where l.feature_id = encode(s.feature_id, 'hex')::uuid
          and l.source_id = $1 and l.release_to is null
          and meta.hash_version(l.content_hash) <> meta.hash_version(s.content_hash)
          and l.claimed_district_code is not distinct from
              coalesce(s.claimed_district_code, left(s.claimed_subdistrict_code, 4))
          and l.claimed_subdistrict_code is not distinct from s.claimed_subdistrict_code
          and st_asbinary(st_normalize(st_multi(l.geom))) is not distinct from
              st_asbinary(st_normalize(st_multi(st_setsrid(st_geomfromwkb(s.geom), 4326))))
          %2$s
        $sql$, layer_name, same) using source;
    execute format($sql$
        delete from staging.%1$I s using core.%1$I l
        where l.feature_id = encode(s.feature_id, 'hex')::uuid
          and l.source_id = $1 and l.release_to is null and l.content_hash = s.content_hash
        $sql$, layer_name) using source;
end $$;

-- Features whose content is new or other than the open version: only these need to travel.
create or replace function meta.changed_features(layer_name text, source text)
returns table (feature_id bytea)
language plpgsql as $$
begin
    execute format('analyze staging.%I', layer_name || '_key');
    return query execute format($sql$
        select k.feature_id
        from staging.%2$I k
        left join core.%1$I l
          on l.feature_id = encode(k.feature_id, 'hex')::uuid
         and l.source_id = $1 and l.release_to is null and l.content_hash = k.content_hash
        where l.feature_id is null
        $sql$, layer_name, layer_name || '_key') using source;
end $$;

-- Closes what is gone or changed, opens what is new or changed, from the target release on.
create or replace function meta.apply_staging(
    layer_name text, source text, run integer, target integer,
    out added integer, out changed integer, out removed integer
)
language plpgsql as $$
declare
    names text := (
        select coalesce(string_agg(format(', %I', column_name), '' order by position), '')
        from meta.layer_column where layer_id = layer_name
    );
    kind text := (select geometry from meta.layer where layer_id = layer_name);
    closed integer;
    opened integer;
begin
    perform from meta.run r
    where r.run_id = run and r.source_id = source and r.layer_id = layer_name for key share;
    if not found then
        raise exception 'run % is none of source % of layer %', run, source, layer_name
            using errcode = 'foreign_key_violation';
    end if;
    call meta.renew_hashes(layer_name, source);
    execute format($sql$
        update core.%1$I l set release_to = $2
        where l.source_id = $1 and l.release_to is null
          and not exists (
              select from staging.%2$I k
              where k.feature_id = uuid_send(l.feature_id) and k.content_hash = l.content_hash
          )
        $sql$, layer_name, layer_name || '_key') using source, target;
    get diagnostics closed = row_count;

    execute format($sql$
        select count(*) from staging.%2$I s
        join core.%1$I l on l.feature_id = encode(s.feature_id, 'hex')::uuid and l.release_to = $1
        where l.source_id = $2
        $sql$, layer_name, layer_name) into changed using target, source;

    execute format($sql$
        insert into core.%1$I (
            feature_id, source_id, source_key, source_row, run_id, content_hash,
            claimed_district_code, claimed_subdistrict_code, district_code, subdistrict_code,
            location_precision, geom, release_from %2$s
        )
        select encode(feature_id, 'hex')::uuid, $1, source_key, source_row, $2, content_hash,
               coalesce(claimed_district_code, left(claimed_subdistrict_code, 4)), claimed_subdistrict_code,
               coalesce(claimed_district_code, left(claimed_subdistrict_code, 4)), claimed_subdistrict_code,
               case when geom is not null then 'exact'
                    when claimed_subdistrict_code is not null then 'subdistrict'
                    else 'district' end,
               case when $4 = 'point' then st_setsrid(st_geomfromwkb(geom), 4326)
                    else st_multi(st_setsrid(st_geomfromwkb(geom), 4326)) end,
               $3 %2$s
        from staging.%1$I
        $sql$, layer_name, names) using source, run, target, kind;
    get diagnostics opened = row_count;
    call meta.index_history(layer_name);

    added := opened - changed;
    removed := closed - changed;
end $$;
