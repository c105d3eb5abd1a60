analyze tile_spot, tile_change, tile_plan, public_feature
