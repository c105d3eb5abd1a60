select x, y from tile_plan where layer_id = :layer and zoom = :zoom and counted and features > 0
