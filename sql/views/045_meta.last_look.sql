-- What came of the last look at each source: a run or a person's word since the look counts for it.
create or replace view meta.last_look as
select s.source_id, greatest(s.looked_at, t.started_at) as looked_at,
       case
           when s.looked_at > greatest(t.started_at, t.decided_at) or t.run_id is null
               then s.looked_outcome
           else t.outcome
       end as outcome
from meta.source s
left join meta.latest_run t using (source_id);
comment on view meta.last_look is 'ผลของการดูแหล่งข้อมูลครั้งล่าสุด / What came of the last look at each source';
