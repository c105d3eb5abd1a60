-- Rows of the coming release for the files: the text of the COPY that gives them, ordered by identity. It is
-- CSV between characters that are seldom in a text, so that little has to be quoted, with the names of the
-- columns first; no text and an empty one are told apart by the quotes. `geom` is WKB, in hexadecimal digits.
-- The last column, which no declaration can name so, is the row as a GeoJSON feature (RFC 7946: 7 decimals of
-- a degree, outer rings counter-clockwise; PostGIS would turn lines round as well): GDAL's writer would not do,
-- for it takes ...999991 for noise and moves a point by ten centimetres.
create or replace function meta.copy_of_public_rows(
    layer_name text, target integer, wanted text[], written jsonb
)
returns text
language sql stable as $$
    select format($sql$
        copy (
            select l.feature_id %2$s, l.district_code, l.subdistrict_code, l.location_precision, l.source_id,
                   encode(st_asbinary(l.geom), 'hex') as geom,
                   '{"type":"Feature","id":' || to_json(l.feature_id) || ',"properties":' || row_to_json(p.*)
                   || ',"geometry":' || coalesce(st_asgeojson(
                       case st_dimension(l.geom) when 2 then st_forcepolygonccw(l.geom) else l.geom end, 7
                   ), 'null') || '}' as "GeoJSON"
            from (
                select * from core.%1$I
                where release_from <= %4$s and (release_to is null or release_to > %4$s)
                  and source_id = any (%5$L::text[])
                order by feature_id
            ) l
            cross join lateral (
                select l.feature_id %3$s, l.district_code, l.subdistrict_code, l.location_precision, l.source_id
            ) p
            order by l.feature_id
        ) to stdout (format csv, header true, delimiter E'\x01', quote E'\x02', encoding 'UTF8')
        $sql$, layer_name, meta.public_columns(layer_name, wanted),
        meta.public_columns(layer_name, wanted, written), target, meta.declared_sources(layer_name))
$$;
