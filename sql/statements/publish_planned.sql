-- A shape that is at home elsewhere is counted there.
select x, y, counted from tile_plan
where layer_id = :layer and zoom = :zoom and (features > 0 or not counted)
