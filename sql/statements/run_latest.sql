-- The latest run of a source that judged a delivery; else its latest one.
select r.run_id
from meta.run r
where r.source_id = :source
order by r.outcome in ('accepted', 'held', 'rejected', 'refused', 'incomplete') desc, r.run_id desc
limit 1
