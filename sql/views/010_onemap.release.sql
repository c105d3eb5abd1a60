create or replace view onemap.release as
select r.release, r.published_at, m.map_id, r.manifest,
       r.release = (select release from meta.pointer) as is_current
from meta.release r, meta.map m;
comment on view onemap.release is 'รุ่นที่เผยแพร่แล้วทั้งหมด / Every published release';
comment on column onemap.release.release is 'เลขรุ่น / Release number';
comment on column onemap.release.published_at is 'เวลาเผยแพร่ / When it was published';
comment on column onemap.release.map_id is 'แผนที่ / Map';
comment on column onemap.release.manifest is 'บัญชีแฟ้ม จำนวน และแหล่งข้อมูลของรุ่น / Files, counts and sources of the release';
comment on column onemap.release.is_current is 'เป็นรุ่นปัจจุบันหรือไม่ / Is it the current one';
