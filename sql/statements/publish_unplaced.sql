-- Places without a position, by the area that holds them.
select feature_id::text as feature_id, layer_id as layer,
       attributes ->> 'name_th' as name_th, attributes ->> 'name_en' as name_en,
       case location_precision when 'subdistrict' then subdistrict_code else district_code end as area,
       location_precision as level
from public_place
where location_precision <> 'exact'
order by level, area, layer, feature_id
