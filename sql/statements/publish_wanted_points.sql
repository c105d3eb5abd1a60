-- The points in a tile of this zoom which is drawn.
insert into tile_wanted
select layer_id, feature_id
from tile_spot
where layer_id = :layer and ((x >> :shift) >> 12, (y >> :shift) >> 12) in (
    select x, y from tile_plan where layer_id = :layer and zoom = :zoom and not counted)
