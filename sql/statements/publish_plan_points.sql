-- The same of a layer of points, each of which is in one tile. Where they are `heaped`, on the last zoom,
-- those on one spot are one thing.
insert into tile_plan (layer_id, zoom, x, y, features, counted)
with thing as (
    select x >> :shift as x, y >> :shift as y, 1 as features
    from tile_spot
    where layer_id = :layer and not :heaped and (:whole or ((x >> :shift) >> 12, (y >> :shift) >> 12) in (
        select x, y from tile_touched where layer_id = :layer and zoom = :zoom))
    union all
    select x >> :shift as x, y >> :shift as y, count(*)
    from tile_spot
    where layer_id = :layer and :heaped and (:whole or ((x >> :shift) >> 12, (y >> :shift) >> 12) in (
        select x, y from tile_touched where layer_id = :layer and zoom = :zoom))
    group by x >> :shift, y >> :shift
),
tile as (
    select x >> 12 as tile_x, y >> 12 as tile_y, count(*) as things, sum(features) as features
    from thing
    group by x >> 12, y >> 12
)
select :layer, :zoom, tile_x, tile_y, features, :counted or things > :most
from tile
