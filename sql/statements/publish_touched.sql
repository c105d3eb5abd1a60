-- The tiles of one zoom that a changed box of the layer touches, also those that nothing is left in.
select distinct tile_x as x, tile_y as y
from tile_change
cross join lateral generate_series(
    greatest(0, ((west >> :shift) - :buffer) >> 12),
    least((1 << :zoom) - 1, ((east >> :shift) + :buffer) >> 12)) tile_x
cross join lateral generate_series(
    greatest(0, ((north >> :shift) - :buffer) >> 12),
    least((1 << :zoom) - 1, ((south >> :shift) + :buffer) >> 12)) tile_y
where layer_id = :layer
