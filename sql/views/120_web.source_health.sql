-- How fresh each source is, for monitors: times, counts and outcomes alone; no reasons, no values, nobody.
-- A run that was killed stays `running` here until the next one buries it.
create or replace view web.source_health as
select s.source_id, s.layer_id, g.fetched_at, s.promise_days,
       coalesce(look.outcome, 'never') as outcome,
       look.looked_at,
       (select count(*) from meta.open_hold h where h.source_id = s.source_id) as holds
from meta.source s
join meta.last_look look using (source_id)
left join meta.published_run g using (source_id)
where s.declared;
comment on view web.source_health is 'ความสดใหม่ของแต่ละแหล่ง สำหรับระบบเฝ้าดู / How fresh each source is, for monitors';
comment on column web.source_health.source_id is 'แหล่งข้อมูล / Source';
comment on column web.source_health.layer_id is 'ชั้นข้อมูล / Layer';
comment on column web.source_health.fetched_at is 'เวลาที่รับข้อมูลที่ใช้อยู่ / When the content on the map was fetched';
comment on column web.source_health.promise_days is 'รอบปรับปรุงที่หน่วยงานสัญญา (วัน) / Promised interval of updates, days';
comment on column web.source_health.outcome is 'ผลของการดูครั้งล่าสุด / What came of the last look';
comment on column web.source_health.looked_at is 'เวลาที่ไปดูครั้งล่าสุด / When it was looked at last';
comment on column web.source_health.holds is 'จำนวนการส่งที่รอการตัดสินใจ / Deliveries that wait for a decision';
