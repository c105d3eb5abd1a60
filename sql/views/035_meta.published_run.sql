-- The run that each source's rows on the map came with. One that is prepared is not there yet; one whose
-- source ended with a release is there no more.
create or replace view meta.published_run as
select distinct on (r.source_id)
       r.source_id, r.run_id, r.layer_id, r.started_at, r.finished_at, r.snapshot_sha256, r.fetched_at,
       r.rows_in, r.rows_published, r.rows_quarantined, r.rows_filtered, r.rows_at_area, r.rows_repaired
from meta.run r, meta.pointer p
where r.outcome = 'accepted' and r.target_release <= p.release
  and (r.ended_release > p.release) is not false
order by r.source_id, r.run_id desc;
comment on view meta.published_run is 'การนำเข้าที่ให้ข้อมูลบนแผนที่ของแต่ละแหล่ง / The run of each source whose rows are on the map';
