-- The tiles of one zoom that a changed box of the layer touches, also those that nothing is left in.
insert into tile_touched (layer_id, zoom, x, y)
select distinct layer_id, :zoom, tile_x, tile_y
from tile_change
cross join lateral generate_series(
    greatest(0, ((west >> :shift) - :buffer) >> 12),
    least((1 << :zoom) - 1, ((east >> :shift) + :buffer) >> 12)) tile_x
cross join lateral generate_series(
    greatest(0, ((north >> :shift) - :buffer) >> 12),
    least((1 << :zoom) - 1, ((south >> :shift) + :buffer) >> 12)) tile_y
where layer_id = :layer
returning x, y
