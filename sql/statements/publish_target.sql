-- The release to publish next, and how many versions begin or end with it.
select release + 1 as target, meta.pending_changes(release + 1) as changes from meta.pointer
