-- Deliveries that a run refers to and no prune took.
select distinct source_id, snapshot_sha256 from meta.run r
where snapshot_sha256 is not null and to_jsonb(r) ->> 'snapshot_pruned_at' is null
order by source_id, snapshot_sha256
