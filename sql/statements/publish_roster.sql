select ids, names, name_sizes, bounds from meta.tile_roster(:layer, :target)
