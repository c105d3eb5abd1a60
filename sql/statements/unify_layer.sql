call meta.unify_layer(:layer, :target)
