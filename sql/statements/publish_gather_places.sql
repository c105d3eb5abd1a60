call meta.gather_places(:layer, :target, :whole)
