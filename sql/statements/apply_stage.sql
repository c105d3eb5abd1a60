select added, changed, removed from meta.apply_stage(:layer, :source, :run, :target)
