select level, code, district_code, shape from meta.admin_areas()
