insert into meta.run (source_id, layer_id, snapshot_sha256, fetched_at, declaration_sha256)
values (:source, :layer, :snapshot, :fetched_at, :declaration)
returning run_id
