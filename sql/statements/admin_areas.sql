select level, code, shape from meta.admin_areas()
