call meta.open_stage(:layer)
