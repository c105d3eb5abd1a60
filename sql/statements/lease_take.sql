-- Takes each layer that is free, or whose holder's session is gone. The rows come back; fewer than
-- asked for means that somebody holds one, and the caller rolls back.
insert into meta.lease (layer_id, token, holder, backend_pid, backend_start)
select layer_id, :token, :holder, me.pid, me.backend_start
from unnest(cast(:layers as text[])) with ordinality as wanted (layer_id, place),
     pg_stat_activity me
where me.pid = pg_backend_pid()
order by place
on conflict (layer_id) do update
set token = excluded.token, holder = excluded.holder, backend_pid = excluded.backend_pid,
    backend_start = excluded.backend_start, taken_at = clock_timestamp()
where not exists (
    select from pg_stat_activity other
    where other.pid = meta.lease.backend_pid and other.backend_start = meta.lease.backend_start
)
returning layer_id
