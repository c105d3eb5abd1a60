-- Each feature gets its district and subdistrict: by place where it has one, as it says where it has not. A load
-- places what it brings; what stands is placed anew when the boundaries become others.

create or replace function meta.layer_of_role(wanted text) returns text
language sql stable as $$
    select layer_id from meta.layer where role = wanted and declared order by sort_order limit 1
$$;

-- Has the administration itself changed in the coming release? Then all that is published is placed anew.
create or replace function meta.areas_changed(target integer) returns boolean
language plpgsql stable as $$
declare
    changed boolean;
begin
    execute format($sql$
        select exists (
            select from core.%1$I
            where release_from = $1 or release_to = $1
               or (release_to is null and source_id <> all ((select meta.declared_sources(%1$L))::text[]))
        )$sql$, meta.layer_of_role('subdistrict')) into changed using target;
    return changed;
end $$;

-- What an earlier placement of the coming release renewed is taken back: a version that differs from the
-- one before it in its area alone. So placing twice is placing once, also when the boundaries that were
-- prepared have been taken back in between.
create or replace procedure meta.take_back_placement(layer_name text, target integer)
language plpgsql as $$
begin
    execute format($sql$
        with renewed as (
            delete from core.%1$I l using core.%1$I b
            where l.release_from = $1 and b.release_to = $1 and b.feature_id = l.feature_id
              and b.run_id = l.run_id
            returning l.feature_id
        )
        update core.%1$I b set release_to = null
        from renewed where b.feature_id = renewed.feature_id and b.release_to = $1
        $sql$, layer_name) using target;
end $$;

-- Opens the cursor `unplaced` over the features of a layer that the boundaries of the coming release did not
-- place: those of loads that knew other boundaries, and, if the boundaries changed, what is published.
create or replace procedure meta.unify_layer(layer_name text, target integer)
language plpgsql as $$
declare
    unplaced refcursor := 'unplaced';
    boundaries text := meta.areas_fingerprint();
    loaded integer[] := array(
        select run_id from meta.run
        where layer_id = layer_name and target_release = target
          and lineage ->> 'boundaries' is distinct from boundaries
    );
begin
    call meta.take_back_placement(layer_name, target);
    open unplaced for execute format($sql$
        select uuid_send(feature_id) as feature_id, release_from, district_code, subdistrict_code,
               st_asbinary(geom) as geom
        from core.%1$I
        where release_to is null and release_from = $1 and run_id = any ($2)
          and geom is not null and source_id = any ((select meta.declared_sources(%1$L))::text[])
        union all
        select uuid_send(feature_id), release_from, district_code, subdistrict_code, st_asbinary(geom)
        from core.%1$I
        where $3 and release_to is null and release_from < $1
          and geom is not null and source_id = any ((select meta.declared_sources(%1$L))::text[])
        $sql$, layer_name) using target, loaded, meta.areas_changed(target);
end $$;

-- Gives features the codes of `placed`, a table of this session; returns how many there were. What is
-- prepared gets them as it is; a version that is already published ends, and a new one begins.
create or replace function meta.renew_placed(layer_name text, target integer) returns integer
language plpgsql as $$
declare
    names text := meta.declared_columns(layer_name);
    prepared integer;
    renewed integer;
begin
    execute format($sql$
        update core.%1$I l set subdistrict_code = p.subdistrict_code, district_code = p.district_code
        from pg_temp.placed p
        where l.feature_id = p.feature_id and l.release_from = p.release_from and l.release_from = $1
        $sql$, layer_name) using target;
    get diagnostics prepared = row_count;

    execute format($sql$
        with ended as (
            update core.%1$I l set release_to = $1
            from pg_temp.placed p
            where l.feature_id = p.feature_id and l.release_from = p.release_from and l.release_from < $1
            returning l.*, p.district_code as new_district, p.subdistrict_code as new_subdistrict
        )
        insert into core.%1$I (
            feature_id, source_id, source_key, source_row, run_id, content_hash,
            claimed_district_code, claimed_subdistrict_code, district_code, subdistrict_code,
            location_precision, geom, release_from %2$s
        )
        select feature_id, source_id, source_key, source_row, run_id, content_hash,
               claimed_district_code, claimed_subdistrict_code, new_district, new_subdistrict,
               location_precision, geom, $1 %2$s
        from ended
        $sql$, layer_name, names) using target;
    get diagnostics renewed = row_count;
    return prepared + renewed;
end $$;
