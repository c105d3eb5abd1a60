-- Which tiles of a layer of lines or areas are cut at one zoom (all, or those that a changed box touches),
-- and whether each is drawn or counted: by what lies in it alone. `shift` is 14 less the zoom; a shape
-- touches tiles beyond its box by `buffer` units.
insert into tile_plan (layer_id, zoom, x, y, features, counted)
with thing as (
    select (x >> :shift) >> 12 as home_x, (y >> :shift) >> 12 as home_y,
           greatest(0, ((west >> :shift) - :buffer) >> 12) as west,
           greatest(0, ((north >> :shift) - :buffer) >> 12) as north,
           least((1 << :zoom) - 1, ((east >> :shift) + :buffer) >> 12) as east,
           least((1 << :zoom) - 1, ((south >> :shift) + :buffer) >> 12) as south
    from tile_spot
    where layer_id = :layer
),
tile as (
    select tile_x, tile_y, count(*) as things,
           count(*) filter (where home_x = tile_x and home_y = tile_y) as features
    from thing
    cross join lateral generate_series(west, east) tile_x
    cross join lateral generate_series(north, south) tile_y
    group by tile_x, tile_y
)
select :layer, :zoom, tile_x, tile_y, features, :counted or things > :most
from tile
where :whole or (tile_x, tile_y) in (select x, y from tile_touched where layer_id = :layer and zoom = :zoom)
