select ids, spots from meta.tile_spots(:layer)
