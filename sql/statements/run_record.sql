-- A try that ended before it became a run: nothing was read, and nobody's lease is needed. A source that is
-- still absent for the same reason is no news: the run that said so first stands, and no row is added.
with latest as (
    select run_id, outcome, reason
    from meta.run
    where source_id = :source
    order by run_id desc
    limit 1
),
known as (
    select run_id from latest
    where outcome = 'absent' and :outcome = 'absent' and reason = :reason
),
added as (
    insert into meta.run (
        source_id, layer_id, snapshot_sha256, fetched_at, outcome, finished_at, reason, reason_th,
        evidence
    )
    select :source, :layer, :snapshot, cast(:fetched_at as timestamptz), :outcome, clock_timestamp(),
        :reason, :reason_th, cast(:evidence as jsonb)
    where not exists (select from known)
    returning run_id
)
select run_id from known
union all
select run_id from added
