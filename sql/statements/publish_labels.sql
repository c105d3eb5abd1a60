-- One anchor per labelled area, deep inside it: tiles cut a polygon, and would repeat its name.
select layer_id as layer, feature_id::text as feature_id,
       attributes ->> 'name_th' as name_th, attributes ->> 'name_en' as name_en,
       st_x(c.center) as lon, st_y(c.center) as lat
from public_place
cross join lateral st_maximuminscribedcircle(geom) c
where layer_id = any (cast(:layers as text[])) and geom is not null
order by layer_id, feature_id
