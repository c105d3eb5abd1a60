call meta.gather_features(:layer, :target, cast(:columns as text[]), cast(:whole as boolean))
