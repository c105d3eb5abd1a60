-- What a prune takes away is said where it was: rows of runs and releases stay, for history refers to them.
alter table meta.run
    add column details_pruned_at timestamptz,
    add column snapshot_pruned_at timestamptz;
alter table meta.release add column files_pruned_at timestamptz;
