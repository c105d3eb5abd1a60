-- What tiles are cut from. The world of Web Mercator is a square of 2^26 units a side, counted from its
-- north-west corner: 4096 units to a tile of zoom 14, the last one. At another zoom a unit is so many
-- of these more, and its number is this one without its last bits. So which tile, unit or cell a
-- feature lies in is found by shifting whole numbers, alike at all zooms and on every machine.

create or replace function meta.world_x(lon double precision) returns integer
language sql immutable as $$
    select least(67108863, greatest(0, floor((lon + 180) / 360 * 67108864)))::integer
$$;

create or replace function meta.world_y(lat double precision) returns integer
language sql immutable as $$
    select least(67108863, greatest(0,
        floor((0.5 - asinh(tan(radians(lat))) / (2 * pi())) * 67108864)))::integer
$$;

-- The columns that tiles carry, as one jsonb of what is not null.
create or replace function meta.tile_attributes(layer_name text, wanted text[]) returns text
language sql stable as $$
    select format(
        '(select jsonb_strip_nulls(to_jsonb(a.*)) from (select l.feature_id, l.district_code,'
        ' l.subdistrict_code, l.location_precision, l.source_id %s) a)',
        meta.public_columns(layer_name, wanted))
$$;

-- Where each located feature of a release lies: a spot on it, and its box.
create or replace procedure meta.gather_spots(layer_name text, target integer)
language plpgsql as $$
begin
    execute format($sql$
        insert into pg_temp.tile_spot
        select %1$L, l.feature_id, meta.world_x(st_x(s.spot)), meta.world_y(st_y(s.spot)),
               meta.world_x(st_xmin(l.geom)), meta.world_y(st_ymax(l.geom)),
               meta.world_x(st_xmax(l.geom)), meta.world_y(st_ymin(l.geom))
        from core.%1$I l
        cross join lateral (
            select case when st_dimension(l.geom) = 0 then l.geom else st_pointonsurface(l.geom) end as spot
            offset 0  -- so that it is made once
        ) s
        where l.release_from <= $1 and (l.release_to is null or l.release_to > $1)
          and l.source_id = any ((select meta.declared_sources(%1$L))::text[]) and l.geom is not null
        $sql$, layer_name) using target;
end $$;

-- The boxes, before and after, of the features whose shape or attributes in tiles a release changes.
create or replace procedure meta.gather_changes(layer_name text, target integer, wanted text[])
language plpgsql as $$
begin
    execute format($sql$
        insert into pg_temp.tile_change
        select %1$L, meta.world_x(st_xmin(geom)), meta.world_y(st_ymax(geom)),
               meta.world_x(st_xmax(geom)), meta.world_y(st_ymin(geom))
        from (
            select l.geom, count(*) over (
                partition by l.feature_id, st_asbinary(l.geom), %2$s) as alike
            from core.%1$I l
            where (l.release_from = $1 or l.release_to = $1)
              and l.source_id = any ((select meta.declared_sources(%1$L))::text[]) and l.geom is not null
        ) version
        where alike = 1
        $sql$, layer_name, meta.tile_attributes(layer_name, wanted)) using target;
end $$;

-- What is drawn of a layer: of all of it, or of the features that touch a tile that is drawn anew.
drop procedure if exists meta.gather_features(text, integer, text[]);
create or replace procedure meta.gather_features(layer_name text, target integer, wanted text[], whole boolean)
language plpgsql as $$
begin
    execute format($sql$
        insert into pg_temp.public_feature
        select s.*, %2$s,
               case when st_dimension(l.geom) > 0 then st_transform(l.geom, 3857) end
        from pg_temp.tile_spot s
        join core.%1$I l on l.feature_id = s.feature_id
        where s.layer_id = %1$L
          and l.release_from <= $1 and (l.release_to is null or l.release_to > $1)
          and ($2 or s.feature_id in (select feature_id from pg_temp.tile_wanted where layer_id = %1$L))
        $sql$, layer_name, meta.tile_attributes(layer_name, wanted)) using target, whole;
end $$;

-- What the second reader of tiles holds them against: the features of a release in core, and where the
-- cutter says that each lies. A column of some thousand rows is one string of bytes (numbers have the
-- highest octet first; positions are degrees), and rows come as they lie on the disk: nothing is
-- sorted, and no table of all of them is made in memory.
create or replace function meta.page_ranges(relation regclass) returns table (first tid, beyond tid)
language sql stable as $$
    select format('(%s,0)', page)::tid, format('(%s,0)', page + 1024)::tid
    from generate_series(0, pg_relation_size(relation) / current_setting('block_size')::bigint, 1024) page
$$;

drop function if exists meta.tile_roster(text, integer);
create or replace function meta.tile_roster(layer_name text, target integer)
returns table (ids bytea, names bytea, name_sizes bytea, bounds bytea)
language plpgsql stable as $$
declare
    range record;
    box text := (
        select case geometry
            when 'point' then 'float8send(st_x(l.geom)) || float8send(st_y(l.geom))'
            else 'float8send(st_xmin(l.geom)) || float8send(st_ymin(l.geom))'
                 ' || float8send(st_xmax(l.geom)) || float8send(st_ymax(l.geom))'
        end
        from meta.layer where layer_id = layer_name
    );
begin
    for range in select * from meta.page_ranges(format('core.%I', layer_name)) loop
        return query execute format($sql$
            select string_agg(uuid_send(l.feature_id), ''),
                   string_agg(coalesce(convert_to(l.name_th, 'UTF8'), ''), ''),
                   string_agg(int4send(coalesce(octet_length(l.name_th), -1)), ''),
                   string_agg(%2$s, '')
            from core.%1$I l
            where l.ctid >= $2 and l.ctid < $3
              and l.release_from <= $1 and (l.release_to is null or l.release_to > $1)
              and l.source_id = any ((select meta.declared_sources(%1$L))::text[]) and l.geom is not null
            having count(*) > 0
            $sql$, layer_name, box) using target, range.first, range.beyond;
    end loop;
end $$;

create or replace function meta.tile_spots(layer_name text)
returns table (ids bytea, spots bytea)
language plpgsql stable as $$
declare
    range record;
begin
    for range in select * from meta.page_ranges('pg_temp.tile_spot') loop
        return query
            select string_agg(uuid_send(s.feature_id), ''), string_agg(int4send(s.x) || int4send(s.y), '')
            from pg_temp.tile_spot s
            where s.ctid >= range.first and s.ctid < range.beyond and s.layer_id = layer_name
            having count(*) > 0;
    end loop;
end $$;
