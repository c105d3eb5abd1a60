select to_regclass('meta.map') is not null
