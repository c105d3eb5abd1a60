create or replace view web.layer as
select layer_id, title_th, title_en, description_th, description_en, role, geometry, style, sort_order
from meta.layer where declared;
comment on view web.layer is 'ชั้นข้อมูลที่เผยแพร่ / Published layers';
