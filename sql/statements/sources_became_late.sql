-- Remembers who is late, and forgets who no longer is; answers those who were not before.
with changed as (
    update meta.source s
    set late_told_at = case when l.late then now() end
    from onemap.layer_status l
    where l.source_id = s.source_id and l.late <> (s.late_told_at is not null)
    returning s.source_id, s.promise_days as promised_days, l.fetched_on as last_good_on, l.late
)

select source_id, promised_days, last_good_on
from changed
where late
order by source_id
