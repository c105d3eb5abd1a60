-- When each source was looked at last, and what came of it.
select source_id, looked_at as at, looked_outcome as outcome
from meta.source
where looked_at is not null
