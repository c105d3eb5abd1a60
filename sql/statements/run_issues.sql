-- What was wrong in a run, issue by issue, the worst first. An issue of a personal column has no value, wherever it is from.
select source_row as row, severity, responsible, code, column_name as column,
       case when personal then null else value end as value,
       case when personal and value <> '' then replace(message_th, value, '-') else message_th end as message_th,
       case when personal and value <> '' then replace(message_en, value, '-') else message_en end as message_en
from (
    select *, column_name = any (cast(:personal as text[])) is true as personal from meta.run_issue
) i
where run_id = :run and (code = :code or cast(:code as text) is null)
order by array_position(array['error', 'warning', 'note'], severity), source_row nulls first, code, column_name
