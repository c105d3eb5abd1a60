-- A try that ended before it became a run: nothing was read, and nobody's lease is needed.
insert into meta.run (
    source_id, layer_id, snapshot_sha256, fetched_at, outcome, finished_at, reason, reason_th, evidence
)
values (
    :source, :layer, :snapshot, :fetched_at, :outcome, clock_timestamp(), :reason, :reason_th,
    cast(:evidence as jsonb)
)
returning run_id
