-- Deliveries that wait for a decision, the oldest first, with their counts and what was wrong in them.
select h.run_id as run, h.source_id as source, h.layer_id as layer, h.started_at as since, h.reason, h.reason_th,
       h.evidence - 'seen' as evidence, r.rows_in, r.rows_published, r.rows_quarantined, r.rows_filtered, r.reread,
       (
           select coalesce(jsonb_agg(jsonb_build_object(
               'code', i.code, 'severity', i.severity, 'count', i.n
           ) order by array_position(array['error', 'warning', 'note'], i.severity), i.n desc, i.code), '[]')
           from (
               select code, severity, count(*) as n from meta.run_issue
               where run_id = h.run_id group by code, severity
           ) i
       ) as issues
from meta.open_hold h
join meta.run r using (run_id)
order by h.run_id
