-- Does somebody have the right to write this layer now? A run that is marked as running and whose layer
-- nobody may write was killed.
create or replace function meta.is_being_written(layer_name text) returns boolean
language sql stable as $$
    select exists (
        select from meta.lease l
        join pg_stat_activity a on a.pid = l.backend_pid and a.backend_start = l.backend_start
        where l.layer_id = layer_name
    )
$$;

-- The outcome of a run as people are told it.
create or replace function meta.told_outcome(outcome text, layer_name text) returns text
language sql stable as $$
    select case
        when outcome = 'running' and not meta.is_being_written(layer_name) then 'fault'
        else outcome
    end
$$;
