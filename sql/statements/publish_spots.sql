call meta.gather_spots(:layer, :target)
