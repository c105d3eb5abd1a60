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

-- Rows of a release for the second reader of its tiles, in the order of their identity; a column of
-- a batch is one string of bytes (numbers have the highest octet first). Positions are degrees.
create or replace function meta.tile_roster(layer_name text, target integer)
returns table (ids bytea, names bytea, name_sizes bytea, bounds bytea, spots bytea)
-- Rows of a batch stand together already: no table of all batches is made in memory.
language plpgsql stable set enable_hashagg = off as $$
begin
    return query execute format($sql$
        select string_agg(uuid_send(feature_id), ''),
               string_agg(coalesce(convert_to(name_th, 'UTF8'), ''), ''),
               string_agg(int4send(coalesce(octet_length(name_th), -1)), ''),
               string_agg(float8send(st_xmin(geom)) || float8send(st_ymin(geom))
                   || float8send(st_xmax(geom)) || float8send(st_ymax(geom)), ''),
               string_agg(int4send(x) || int4send(y), '')
        from (
            select row_number() over (order by l.feature_id) / 65536 as batch,
                   l.feature_id, l.name_th, l.geom, s.x, s.y
            from core.%1$I l
            left join pg_temp.tile_spot s on s.layer_id = %1$L and s.feature_id = l.feature_id
            where l.release_from <= $1 and (l.release_to is null or l.release_to > $1)
              and l.source_id = any ((select meta.declared_sources(%1$L))::text[]) and l.geom is not null
        ) row
        group by batch
        order by batch
        $sql$, layer_name) using target;
end $$;
