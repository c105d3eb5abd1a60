select meta.end_undeclared(:layer, :target)
