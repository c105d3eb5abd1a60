-- What was wrong in a run, by code and column, the worst first: how many, and in which rows.
select code, severity, responsible, column_name as column, count(*) as count,
       coalesce(array_agg(distinct source_row order by source_row) filter (where source_row is not null), '{}') as rows
from meta.run_issue
where run_id = :run
group by code, severity, responsible, column_name
order by array_position(array['error', 'warning', 'note'], severity), count(*) desc, code, column_name
