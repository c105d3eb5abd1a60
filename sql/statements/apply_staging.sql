select added, changed, removed from meta.apply_staging(:layer, :source, :run, :target)
