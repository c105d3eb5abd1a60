-- Rows of the coming release, for the products that are built from them. The web's views show what is
-- published; these show what a publication is about to publish. Only named columns that are public
-- leave: a column that is not in the database's register, or not public there, is passed over.
-- `written` gives other names to those that the product's format keeps for itself.

create or replace function meta.public_columns(layer_name text, wanted text[], written jsonb default '{}')
returns text
language sql stable as $$
    select coalesce(
        string_agg(
            format(', l.%I as %I', column_name, coalesce(written ->> column_name, column_name)), ''
            order by position
        ), '')
    from meta.layer_column
    where layer_id = layer_name and privacy = 'public' and column_name = any (wanted)
$$;

-- Typed rows of one layer, by a cursor, for the files.
create or replace function meta.open_public_rows(layer_name text, target integer, wanted text[])
returns refcursor
language plpgsql as $$
declare
    rows refcursor := 'public_rows';
begin
    open rows no scroll for execute format($sql$
        select l.feature_id::text as feature_id %2$s, l.district_code, l.subdistrict_code,
               l.location_precision, l.source_id, st_asbinary(l.geom) as geom
        from core.%1$I l
        where l.release_from <= $1 and (l.release_to is null or l.release_to > $1)
          and l.source_id = any (meta.declared_sources(%1$L))
        order by l.feature_id
        $sql$, layer_name, meta.public_columns(layer_name, wanted)) using target;
    return rows;
end $$;

-- The same rows as GeoJSON features (RFC 7946: 7 decimals of a degree, outer rings counter-clockwise).
-- GDAL's writer would not do: it takes ...999991 for noise and moves a point by ten centimetres.
create or replace function meta.open_public_features(
    layer_name text, target integer, wanted text[], written jsonb
)
returns refcursor
language plpgsql as $$
declare
    features refcursor := 'public_features';
begin
    open features no scroll for execute format($sql$
        select '{"type":"Feature","id":' || to_json(l.feature_id) || ',"properties":' || row_to_json(p.*)
               || ',"geometry":' || coalesce(st_asgeojson(st_forcepolygonccw(l.geom), 7), 'null') || '}'
               as feature
        from core.%1$I l
        cross join lateral (
            select l.feature_id %2$s, l.district_code, l.subdistrict_code, l.location_precision, l.source_id
        ) p
        where l.release_from <= $1 and (l.release_to is null or l.release_to > $1)
          and l.source_id = any (meta.declared_sources(%1$L))
        order by l.feature_id
        $sql$, layer_name, meta.public_columns(layer_name, wanted, written)) using target;
    return features;
end $$;
