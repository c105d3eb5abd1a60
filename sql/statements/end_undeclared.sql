-- In every layer that the map has or had.
select sum(meta.end_undeclared(layer_id, :target)) from meta.layer
