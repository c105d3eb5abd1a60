-- Each feature gets its district and subdistrict: by place where it has one, as it says where it has not.

create or replace function meta.layer_of_role(wanted text) returns text
language sql stable as $$
    select layer_id from meta.layer where role = wanted and declared order by sort_order limit 1
$$;

-- Has the administration itself changed in the coming release? Then all features are placed anew.
create or replace function meta.areas_changed(target integer) returns boolean
language plpgsql stable as $$
declare
    changed boolean;
begin
    execute format($sql$
        select exists (
            select from core.%1$I
            where release_from = $1 or release_to = $1
               or (release_to is null and source_id <> all (meta.declared_sources(%1$L)))
        )$sql$, meta.layer_of_role('subdistrict')) into changed using target;
    return changed;
end $$;

-- The subdistrict at each candidate's place: the one that holds it, or the nearest within 250 m (river
-- banks and the sea front are drawn differently by every agency). Only those that differ are returned.
create or replace function meta.placed_otherwise(layer_name text, target integer)
returns table (feature_id uuid, release_from integer, subdistrict_code text, district_code text)
language plpgsql stable as $$
begin
    return query execute format($sql$
        select l.feature_id, l.release_from, a.subdistrict_code, a.district_code
        from (
            select c.*, case when st_dimension(c.geom) = 0 then c.geom else st_pointonsurface(c.geom) end as spot
            from core.%1$I c
            where c.release_to is null and c.geom is not null and ($2 or c.release_from = $1)
              and c.source_id = any (meta.declared_sources(%1$L))
        ) l
        cross join lateral (
            select s.subdistrict_code, s.district_code
            from core.%2$I s
            where s.release_to is null and s.source_id = any (meta.declared_sources(%2$L))
              and st_dwithin(s.geom, l.spot, 0.0025)
              and (st_intersects(s.geom, l.spot)
                   or st_distance(s.geom::geography, l.spot::geography) <= 250)
            order by st_distance(s.geom, l.spot), s.subdistrict_code
            limit 1
        ) a
        where (l.subdistrict_code, l.district_code)
              is distinct from (a.subdistrict_code, a.district_code)
        $sql$, layer_name, meta.layer_of_role('subdistrict')) using target, meta.areas_changed(target);
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

-- Places the features of one layer; returns how many got other codes than they had.
create or replace function meta.unify_layer(layer_name text, target integer) returns integer
language plpgsql as $$
declare
    names text := (
        select coalesce(string_agg(format(', %I', column_name), '' order by position), '')
        from meta.layer_column where layer_id = layer_name
    );
    prepared integer;
    renewed integer;
begin
    create temporary table if not exists placed_feature (
        feature_id uuid, release_from integer, subdistrict_code text, district_code text
    ) on commit drop;
    truncate placed_feature;
    call meta.take_back_placement(layer_name, target);
    insert into placed_feature select * from meta.placed_otherwise(layer_name, target);

    execute format($sql$
        update core.%1$I l set subdistrict_code = p.subdistrict_code, district_code = p.district_code
        from placed_feature p
        where l.feature_id = p.feature_id and l.release_from = p.release_from and l.release_from = $1
        $sql$, layer_name) using target;
    get diagnostics prepared = row_count;

    -- A version that is already published ends, and a new one begins.
    execute format($sql$
        with ended as (
            update core.%1$I l set release_to = $1
            from placed_feature p
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
