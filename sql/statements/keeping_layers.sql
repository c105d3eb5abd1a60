select layer_id from meta.layer order by layer_id
