analyze tile_spot
