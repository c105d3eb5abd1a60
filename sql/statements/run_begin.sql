insert into meta.run (
    source_id, layer_id, snapshot_sha256, fetched_at, declaration_sha256, deciding, reread
)
values (
    :source, :layer, :snapshot, :fetched_at, :declaration, cast(:deciding as jsonb), :reread
)
returning run_id
