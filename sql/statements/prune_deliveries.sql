-- What is said before the files go: killed in between, the next prune finds them.
update meta.run r set snapshot_pruned_at = clock_timestamp()
from unnest(cast(:sources as text[]), cast(:hashes as text[])) as gone (source_id, snapshot_sha256)
where r.source_id = gone.source_id and r.snapshot_sha256 = gone.snapshot_sha256
  and r.snapshot_pruned_at is null
