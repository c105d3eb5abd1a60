call meta.gather_changes(:layer, :target, cast(:columns as text[]))
