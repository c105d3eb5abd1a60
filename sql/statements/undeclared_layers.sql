select layer_id from meta.layer where not declared order by layer_id
