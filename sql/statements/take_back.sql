call meta.take_back(:layer, :source, :target)
