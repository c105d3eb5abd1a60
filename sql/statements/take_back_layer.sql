-- What the loads prepared of a layer for the coming release, and what was placed anew for it, goes.
call meta.take_back_layer(:layer, :target)
