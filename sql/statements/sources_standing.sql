-- How each declared source stands: the last look at it, what of it is on the map and since when, what was
-- promised, and what waits for a person. A run
-- that is still marked as running, and whose layer nobody has the right to write, was killed.
with busy as (
    select l.layer_id from meta.lease l
    join pg_stat_activity a on a.pid = l.backend_pid and a.backend_start = l.backend_start
)
select s.source_id, s.layer_id, s.title_th, s.title_en, told.outcome, look.looked_at,
       case when told.outcome = t.outcome then t.reason end as reason,
       case when told.outcome = t.outcome then t.reason_th end as reason_th,
       g.rows_published as rows_on_map, g.finished_at as last_good_at, g.fetched_at,
       s.as_of as content_date, s.promise_days,
       cast(extract(epoch from now() - g.fetched_at) / 86400 as double precision) as age_days,
       f.late,
       array(select h.run_id from meta.open_hold h where h.source_id = s.source_id order by h.run_id) as holds,
       not exists (select from busy)
           and coalesce(p.target_release > (select release from meta.pointer)
                        and p.features_added + p.features_changed + p.features_removed > 0, false)
           as unpublished
from meta.source s
join meta.layer l using (layer_id)
join meta.last_look look using (source_id)
cross join lateral (select meta.told_outcome(look.outcome, s.layer_id) as outcome) told
join onemap.layer_status f using (source_id)
left join meta.latest_run t using (source_id)
left join meta.published_run g using (source_id)
left join meta.latest_accepted_run p using (source_id)
where s.declared
order by l.sort_order, s.source_id
