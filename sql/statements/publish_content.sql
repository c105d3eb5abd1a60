select * from meta.layer_content(:layer, :target)
