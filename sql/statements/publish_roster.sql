select ids, names, name_sizes, bounds, spots from meta.tile_roster(:layer, :target)
