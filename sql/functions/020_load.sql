-- Loading one source's rows into the history of its layer. All of it runs in the caller's one transaction.

-- The release that loads prepare. The share lock keeps a publication from moving the pointer meanwhile.
create or replace function meta.target_release() returns integer
language sql as $$
    select release + 1 from meta.pointer for share
$$;

-- The stage of one run: rows on their way in, and the versions that end with them. Both are of this session.
create or replace procedure meta.open_stage(layer_name text)
language plpgsql as $$
begin
    execute format($sql$
        create temporary table arriving as
        select feature_id, source_key, source_row, content_hash, claimed_district_code, claimed_subdistrict_code,
               district_code, subdistrict_code, location_precision, geom %2$s
        from core.%1$I with no data
        $sql$, layer_name, meta.declared_columns(layer_name));
    create temporary table ending (feature_id uuid not null);
end $$;

-- The layer's declared columns, each after a comma.
create or replace function meta.declared_columns(layer_name text) returns text
language sql stable as $$
    select coalesce(string_agg(format(', %I', column_name), '' order by position), '')
    from meta.layer_column where layer_id = layer_name
$$;

-- What a source has on the map once an earlier preparation of it is taken back: identities, 16 bytes each, and
-- fingerprints, 17 bytes each (those of the first recipe get their version before them), joined to few long
-- values: a value for each of millions of rows would cost the client ten times as much.
create or replace function meta.known_versions(layer_name text, source text, target integer)
returns table (ids bytea, hashes bytea)
language plpgsql stable as $$
begin
    return query execute format($sql$
        select string_agg(id, ''), string_agg(hash, '')
        from (
            select uuid_send(feature_id) as id,
                   case octet_length(content_hash) when 16 then '\x01'::bytea || content_hash else content_hash end
                       as hash
            from core.%1$I where source_id = $1 and release_from < $2 and release_to is null
            union all
            select uuid_send(feature_id),
                   case octet_length(content_hash) when 16 then '\x01'::bytea || content_hash else content_hash end
            from core.%1$I where source_id = $1 and release_from < $2 and release_to = $2
        ) known
        group by get_byte(id, 15)
        $sql$, layer_name) using source, target;
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
        with renewed as (
            update core.%1$I l set content_hash = s.content_hash
            from pg_temp.arriving s, pg_temp.ending e
            where s.feature_id = e.feature_id and l.feature_id = e.feature_id
              and l.source_id = $1 and l.release_to is null
              and meta.hash_version(l.content_hash) <> meta.hash_version(s.content_hash)
              and l.claimed_district_code is not distinct from
                  coalesce(s.claimed_district_code, left(s.claimed_subdistrict_code, 4))
              and l.claimed_subdistrict_code is not distinct from s.claimed_subdistrict_code
              and st_asbinary(st_normalize(l.geom)) is not distinct from st_asbinary(st_normalize(s.geom))
              %2$s
            returning l.feature_id
        ),
        stays as (
            delete from pg_temp.ending e using renewed r where e.feature_id = r.feature_id
        )
        delete from pg_temp.arriving s using renewed r where s.feature_id = r.feature_id
        $sql$, layer_name, same) using source;
end $$;

-- Tells the planner of a history of which more than a tenth was written. Only of the columns by which our own
-- statements and readers' maps look for rows, and of nine thousand rows rather than thirty, which takes a tenth of
-- the time; autovacuum still counts the rows as untold, and tells of all of it later.
create or replace procedure meta.analyze_history(layer_name text, written bigint)
language plpgsql as $$
declare
    rows real := (select reltuples from pg_class where oid = format('core.%I', layer_name)::regclass);
begin
    if written > 0.1 * greatest(rows, 0) then
        perform set_config('default_statistics_target', '30', true);
        execute format($sql$
            analyze core.%I (
                feature_id, source_id, release_from, release_to, district_code, subdistrict_code, geom
            )$sql$, layer_name);
    end if;
end $$;

-- Closes what is gone or changed, opens what is new or changed, from the target release on. The rows came on
-- the session's stage; source and run are the same for all of them, and are looked at once. Rows are written in
-- the order of their places (along Hilbert's curve, as PostGIS sorts geometries): who looks at a part of the
-- map then reads a few pages, and not one for each feature.
create or replace function meta.apply_stage(
    layer_name text, source text, run integer, target integer,
    out added integer, out changed integer, out removed integer
)
language plpgsql as $$
declare
    names text := meta.declared_columns(layer_name);
    ended integer;
    closed integer;
    opened integer;
begin
    -- Until the commit: rows are sorted as indexes are, and a table of less than some million rows is indexed
    -- before helpers have started, who cost half as much again.
    perform set_config('work_mem', current_setting('maintenance_work_mem'), true),
            set_config('min_parallel_table_scan_size', '1GB', true);
    perform from meta.run r
    where r.run_id = run and r.source_id = source and r.layer_id = layer_name for key share;
    if not found then
        raise exception 'run % is none of source % of layer %', run, source, layer_name
            using errcode = 'foreign_key_violation';
    end if;
    call meta.take_back(layer_name, source, target);
    call meta.renew_hashes(layer_name, source);
    execute format($sql$
        update core.%1$I l set release_to = $2
        from pg_temp.ending e
        where l.feature_id = e.feature_id and l.source_id = $1 and l.release_to is null
        $sql$, layer_name) using source, target;
    get diagnostics closed = row_count;
    select count(*) into ended from pg_temp.ending;
    if closed <> ended then
        raise exception 'of % versions that end, % are open: the map changed since they were compared', ended, closed
            using errcode = 'serialization_failure';
    end if;

    select count(*) into changed from pg_temp.arriving join pg_temp.ending using (feature_id);

    execute format($sql$
        insert into core.%1$I (
            feature_id, source_id, source_key, source_row, run_id, content_hash,
            claimed_district_code, claimed_subdistrict_code, district_code, subdistrict_code,
            location_precision, geom, release_from %2$s
        )
        select feature_id, $1, source_key, source_row, $2, content_hash,
               coalesce(claimed_district_code, left(claimed_subdistrict_code, 4)), claimed_subdistrict_code,
               district_code, subdistrict_code, location_precision, geom, $3 %2$s
        from pg_temp.arriving
        order by geom
        $sql$, layer_name, names) using source, run, target;
    get diagnostics opened = row_count;
    call meta.index_history(layer_name);
    call meta.analyze_history(layer_name, opened + closed);

    added := opened - changed;
    removed := closed - changed;
end $$;
