create or replace view meta.latest_run as
select distinct on (source_id) * from meta.run order by source_id, run_id desc;
comment on view meta.latest_run is 'การนำเข้าครั้งล่าสุดของแต่ละแหล่ง / The latest try of each source';
