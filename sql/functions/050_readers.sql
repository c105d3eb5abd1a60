-- What planners and the public read about the map itself.

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

-- The run that each source's current content came with, and the latest try.
create or replace view meta.latest_run as
select distinct on (source_id) * from meta.run order by source_id, run_id desc;
comment on view meta.latest_run is 'การนำเข้าครั้งล่าสุดของแต่ละแหล่ง / The latest try of each source';

create or replace view meta.latest_accepted_run as
select distinct on (source_id) * from meta.run where outcome = 'accepted' order by source_id, run_id desc;
comment on view meta.latest_accepted_run is 'การนำเข้าล่าสุดที่ผ่านของแต่ละแหล่ง / The latest accepted run of each source';

-- The last word on a source counts: a hold is over once anything newer was judged.
create or replace view meta.open_hold as
select run_id, source_id, layer_id, snapshot_sha256, started_at, reason, reason_th, evidence
from meta.run r
where outcome = 'held' and decided_at is null
  and not exists (
      select from meta.run newer
      where newer.source_id = r.source_id and newer.run_id > r.run_id
        and newer.outcome in ('accepted', 'held', 'rejected')
  );
comment on view meta.open_hold is 'การส่งที่รอการตัดสินใจ / Deliveries that wait for a decision';

create or replace view onemap.layer_status as
select l.layer_id, l.title_th, l.title_en, s.source_id, s.title_th as source_th, s.title_en as source_en,
       a.title_th as agency_th, a.title_en as agency_en,
       t.outcome as latest_outcome, t.reason as latest_reason, t.started_at as latest_try_at,
       g.finished_at as last_good_at, g.fetched_at as last_good_fetched_at, s.as_of as content_date,
       g.rows_in, g.rows_published, g.rows_quarantined, g.rows_filtered, g.rows_at_area,
       exists (select from meta.open_hold h where h.source_id = s.source_id) as held,
       (g.fetched_at at time zone 'Asia/Bangkok')::date as fetched_on
from meta.layer l
join meta.source s on s.layer_id = l.layer_id and s.declared
join meta.agency a using (agency_id)
left join meta.latest_run t on t.source_id = s.source_id
left join meta.latest_accepted_run g on g.source_id = s.source_id
where l.declared;
comment on view onemap.layer_status is 'ความสดใหม่ของแต่ละแหล่งข้อมูล / Freshness of each source: last good content, latest try, holds';
comment on column onemap.layer_status.layer_id is 'ชั้นข้อมูล / Layer';
comment on column onemap.layer_status.title_th is 'ชื่อชั้นข้อมูล (ไทย) / Layer title in Thai';
comment on column onemap.layer_status.title_en is 'ชื่อชั้นข้อมูล (อังกฤษ) / Layer title in English';
comment on column onemap.layer_status.source_id is 'แหล่งข้อมูล / Source';
comment on column onemap.layer_status.source_th is 'ชื่อแหล่งข้อมูล (ไทย) / Source title in Thai';
comment on column onemap.layer_status.source_en is 'ชื่อแหล่งข้อมูล (อังกฤษ) / Source title in English';
comment on column onemap.layer_status.agency_th is 'หน่วยงาน (ไทย) / Agency in Thai';
comment on column onemap.layer_status.agency_en is 'หน่วยงาน (อังกฤษ) / Agency in English';
comment on column onemap.layer_status.latest_outcome is 'ผลครั้งล่าสุด / Outcome of the latest try';
comment on column onemap.layer_status.latest_reason is 'เหตุผล / Its reason';
comment on column onemap.layer_status.latest_try_at is 'เวลาที่ลองครั้งล่าสุด / When it was tried';
comment on column onemap.layer_status.last_good_at is 'เวลาที่นำเข้าสำเร็จล่าสุด / When good content was last loaded';
comment on column onemap.layer_status.last_good_fetched_at is 'เวลาที่รับแฟ้มที่ใช้อยู่ / When the content in use was fetched';
comment on column onemap.layer_status.content_date is 'วันที่ของเนื้อหาตามหน่วยงาน / Date of the content, as the agency says';
comment on column onemap.layer_status.rows_in is 'จำนวนแถวที่ได้รับ / Rows received';
comment on column onemap.layer_status.rows_published is 'จำนวนแถวที่เผยแพร่ / Rows published';
comment on column onemap.layer_status.rows_quarantined is 'จำนวนแถวที่กักไว้ / Rows quarantined';
comment on column onemap.layer_status.rows_filtered is 'จำนวนแถวที่คัดออกตามที่ประกาศ / Rows dropped by a declared filter';
comment on column onemap.layer_status.rows_at_area is 'จำนวนแถวที่วางไว้ระดับพื้นที่ / Rows at an area';
comment on column onemap.layer_status.held is 'มีการส่งที่รอการตัดสินใจ / A delivery waits for a decision';
comment on column onemap.layer_status.fetched_on is 'วันที่รับแฟ้มที่ใช้อยู่ (เวลาไทย) ไม่ใช่วันที่ของเนื้อหา / Day in Bangkok when the content in use was fetched; no date of the content';

create or replace view onemap.quality_issue as
select r.layer_id, r.source_id, i.run_id, i.code, i.severity, i.responsible, i.source_row,
       i.column_name, i.message_th, i.message_en
from meta.issue i
join meta.latest_accepted_run r using (run_id);
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

create or replace view web.release as
select r.release, r.published_at from meta.release r join meta.pointer p using (release);
comment on view web.release is 'รุ่นปัจจุบัน / The current release';
comment on column web.release.release is 'เลขรุ่น / Release number';
comment on column web.release.published_at is 'เวลาเผยแพร่ / When it was published';

create or replace view web.map as
select map_id, title_th, title_en, notice_th, notice_en, sample, west, south, east, north from meta.map;
comment on view web.map is 'แผนที่นี้ / This map';

create or replace view web.layer as
select layer_id, title_th, title_en, description_th, description_en, role, geometry, style, sort_order
from meta.layer where declared;
comment on view web.layer is 'ชั้นข้อมูลที่เผยแพร่ / Published layers';

create or replace view web.layer_column as
select layer_id, column_name, position, type, title_th, title_en, unit, in_tiles
from meta.layer_column where privacy = 'public';
comment on view web.layer_column is 'ช่องข้อมูลสาธารณะ / Public columns';

create or replace view web.source as
select s.source_id, s.layer_id, a.agency_id, a.title_th as agency_th, a.title_en as agency_en,
       s.title_th, s.title_en, a.licence_th, a.licence_en, s.as_of, g.fetched_at
from meta.source s
join meta.agency a using (agency_id)
left join meta.latest_accepted_run g using (source_id)
where s.declared;
comment on view web.source is 'แหล่งข้อมูลและหน่วยงาน / Sources and their agencies';
