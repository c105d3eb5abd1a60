-- Runs of an earlier version kept no more than their counts and issues.
select coalesce(evidence -> 'seen', jsonb_build_object(
    'rows in', rows_in, 'published', rows_published, 'quarantined', rows_quarantined,
    'filtered', rows_filtered, 'issues', (
        select coalesce(jsonb_object_agg(code, n), '{}')
        from (select code, count(*) as n from meta.issue i where i.run_id = r.run_id group by code) k
    )))
from meta.run r
where run_id = :run_id
