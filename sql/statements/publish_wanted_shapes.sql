-- The lines or areas that touch a tile of this zoom which is drawn.
insert into tile_wanted
select distinct layer_id, feature_id
from tile_spot
cross join lateral generate_series(
    ((west >> :shift) - :buffer) >> 12, ((east >> :shift) + :buffer) >> 12) tile_x
cross join lateral generate_series(
    ((north >> :shift) - :buffer) >> 12, ((south >> :shift) + :buffer) >> 12) tile_y
where layer_id = :layer and (tile_x, tile_y) in (
    select x, y from tile_plan where layer_id = :layer and zoom = :zoom and not counted)
