select meta.unify_layer(:layer, :target)
