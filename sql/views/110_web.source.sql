create or replace view web.source as
select s.source_id, s.layer_id, a.agency_id, a.title_th as agency_th, a.title_en as agency_en,
       s.title_th, s.title_en, a.licence_th, a.licence_en, s.as_of, g.fetched_at
from meta.source s
join meta.agency a using (agency_id)
left join meta.published_run g using (source_id)
where s.declared;
comment on view web.source is 'แหล่งข้อมูลและหน่วยงาน / Sources and their agencies';
