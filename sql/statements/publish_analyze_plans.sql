analyze tile_plan
