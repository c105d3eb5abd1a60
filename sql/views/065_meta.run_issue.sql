-- What was wrong in every run, also in one that was held or rejected. A delivery that could not be read as
-- a whole has no rows: why not is its one issue.
create or replace view meta.run_issue as
select run_id, code, severity, responsible, source_row, column_name, value, message_th, message_en
from meta.issue
union all
select run_id, evidence ->> 'code', 'error', 'agency', null, null, null, reason_th, reason
from meta.run
where outcome in ('refused', 'incomplete') and evidence ? 'code';
comment on view meta.run_issue is 'ปัญหาที่พบในทุกรอบการนำเข้า / What was wrong in every run';
