-- What was written down of how runs ended.
select run_id, reason, reason_th, evidence
from meta.run
where run_id = any (cast(:runs as integer [])) and reason is not null
