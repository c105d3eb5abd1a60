-- A promise runs from when the content on the map was fetched; where none ever came, from the first try.
create or replace view onemap.layer_status as
select l.layer_id, l.title_th, l.title_en, s.source_id, s.title_th as source_th, s.title_en as source_en,
       a.title_th as agency_th, a.title_en as agency_en,
       t.outcome as latest_outcome, t.reason as latest_reason, t.started_at as latest_try_at,
       g.finished_at as last_good_at, g.fetched_at as last_good_fetched_at, s.as_of as content_date,
       g.rows_in, g.rows_published, g.rows_quarantined, g.rows_filtered, g.rows_at_area,
       exists (select from meta.open_hold h where h.source_id = s.source_id) as held,
       (g.fetched_at at time zone 'Asia/Bangkok')::date as fetched_on,
       coalesce(
           coalesce(g.fetched_at, (select min(started_at) from meta.run r where r.source_id = s.source_id))
           + make_interval(days => s.promise_days) < now(), false) as late
from meta.layer l
join meta.source s on s.layer_id = l.layer_id and s.declared
join meta.agency a using (agency_id)
left join meta.latest_run t on t.source_id = s.source_id
left join meta.published_run g on g.source_id = s.source_id
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
comment on column onemap.layer_status.late is 'เลยรอบปรับปรุงที่หน่วยงานสัญญาไว้ / New content was promised, and is overdue';
