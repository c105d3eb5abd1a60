create or replace view onemap.quality_issue as
select r.layer_id, r.source_id, i.run_id, i.code, i.severity, i.responsible, i.source_row,
       i.column_name, i.message_th, i.message_en
from meta.issue i
join meta.published_run r using (run_id);
comment on view onemap.quality_issue is 'ปัญหาของข้อมูลที่ใช้อยู่ / Issues of the content in use';
comment on column onemap.quality_issue.layer_id is 'ชั้นข้อมูล / Layer';
comment on column onemap.quality_issue.source_id is 'แหล่งข้อมูล / Source';
comment on column onemap.quality_issue.run_id is 'รอบการนำเข้า / Run';
comment on column onemap.quality_issue.code is 'รหัสปัญหา / Issue code';
comment on column onemap.quality_issue.severity is 'ความรุนแรง / Severity';
comment on column onemap.quality_issue.responsible is 'ผู้ที่แก้ได้ / Who can mend it';
comment on column onemap.quality_issue.source_row is 'เลขแถวในแฟ้มต้นทาง / Row in the agency''s file';
comment on column onemap.quality_issue.column_name is 'ช่องข้อมูล / Column';
comment on column onemap.quality_issue.message_th is 'ข้อความ (ไทย) / Message in Thai';
comment on column onemap.quality_issue.message_en is 'ข้อความ (อังกฤษ) / Message in English';
