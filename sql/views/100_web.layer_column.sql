create or replace view web.layer_column as
select layer_id, column_name, position, type, title_th, title_en, unit, in_tiles
from meta.layer_column where privacy = 'public';
comment on view web.layer_column is 'ช่องข้อมูลสาธารณะ / Public columns';
