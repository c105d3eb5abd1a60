-- The drawn tiles of a layer of points at one zoom. Each point is in one tile, the one that it lies in:
-- viewers draw none from a neighbour. Points on one spot of the last zoom are one, with their count
-- and the first of them.
with feature as not materialized (
    select feature_id, attributes, x >> :shift as x, y >> :shift as y
    from public_feature where layer_id = :layer
),
heap as (
    select x, y, count(*) as features from feature where :heaped group by x, y having count(*) > 1
),
listed as (
    select x, y, features, jsonb_agg(place order by feature_id) filter (where number <= :listed) as places
    from (
        select x, y, features, feature_id,
               row_number() over (partition by x, y order by feature_id) as number,
               jsonb_strip_nulls(jsonb_build_object(
                   'feature_id', feature_id,
                   'name_th', attributes -> 'name_th', 'name_en', attributes -> 'name_en')) as place
        from feature join heap using (x, y)
    ) numbered
    group by x, y, features
),
tile as (
    select x as tile_x, y as tile_y from tile_plan
    where layer_id = :layer and zoom = :zoom and not counted
),
part as (
    select tile_x, tile_y, 1 as number, st_asmvt(r, :layer, 4096, 'geom' order by feature_id) as part
    from feature
    join tile on tile_x = x >> 12 and tile_y = y >> 12
    cross join lateral (
        select feature.attributes, st_makepoint(feature.x & 4095, feature.y & 4095) as geom) r
    where not :heaped or (x, y) not in (select x, y from heap)
    group by tile_x, tile_y
    union all
    select tile_x, tile_y, 2, st_asmvt(r, cast(:layer as text) || '_count', 4096, 'geom' order by y, x)
    from listed
    join tile on tile_x = x >> 12 and tile_y = y >> 12
    cross join lateral (
        select listed.features as count, cast(listed.places as text) as places,
               st_makepoint(listed.x & 4095, listed.y & 4095) as geom) r
    group by tile_x, tile_y
)
select tile_x as x, tile_y as y, string_agg(part, '' order by number) as tile
from part
group by tile_x, tile_y
