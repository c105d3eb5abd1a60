call meta.define_layer(:layer)
