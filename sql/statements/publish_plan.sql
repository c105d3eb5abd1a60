-- Which tiles of one layer at one zoom are cut (all, or those that a changed box touches), and whether
-- each is drawn or counted: by what lies in it alone. `shift` is 14 less the zoom; a shape touches
-- tiles beyond its box by `buffer` units. On the last zoom points on one spot are one thing.
insert into tile_plan (layer_id, zoom, x, y, features, counted)
with thing as (
    select x >> :shift as spot_x, y >> :shift as spot_y,
           west >> :shift as west, north >> :shift as north,
           east >> :shift as east, south >> :shift as south, 1 as features
    from tile_spot
    where layer_id = :layer and not :heaped
    union all
    select x >> :shift, y >> :shift, x >> :shift, y >> :shift, x >> :shift, y >> :shift, count(*)
    from tile_spot
    where layer_id = :layer and :heaped
    group by x >> :shift, y >> :shift
),
touched as (
    select distinct tile_x, tile_y
    from tile_change
    cross join lateral generate_series(
        greatest(0, ((west >> :shift) - :buffer) >> 12),
        least((1 << :zoom) - 1, ((east >> :shift) + :buffer) >> 12)) tile_x
    cross join lateral generate_series(
        greatest(0, ((north >> :shift) - :buffer) >> 12),
        least((1 << :zoom) - 1, ((south >> :shift) + :buffer) >> 12)) tile_y
    where layer_id = :layer and not :whole
),
tile as (
    select tile_x, tile_y, count(*) as things,
           sum(features) filter (where spot_x >> 12 = tile_x and spot_y >> 12 = tile_y) as features
    from thing
    cross join lateral generate_series(
        greatest(0, (west - :buffer) >> 12), least((1 << :zoom) - 1, (east + :buffer) >> 12)) tile_x
    cross join lateral generate_series(
        greatest(0, (north - :buffer) >> 12), least((1 << :zoom) - 1, (south + :buffer) >> 12)) tile_y
    group by tile_x, tile_y
)
select :layer, :zoom, tile_x, tile_y, coalesce(features, 0), :counted or things > :most
from tile
where :whole or (tile_x, tile_y) in (select tile_x, tile_y from touched)
