create or replace view web.map as
select map_id, title_th, title_en, notice_th, notice_en, sample, west, south, east, north from meta.map;
comment on view web.map is 'แผนที่นี้ / This map';
