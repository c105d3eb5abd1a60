select layer_id, column_name, declared, found from meta.retyped_columns()
