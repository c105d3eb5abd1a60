create or replace view meta.latest_accepted_run as
select distinct on (source_id) * from meta.run where outcome = 'accepted' order by source_id, run_id desc;
comment on view meta.latest_accepted_run is 'การนำเข้าล่าสุดที่ผ่านของแต่ละแหล่ง / The latest accepted run of each source';
