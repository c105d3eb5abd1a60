-- Releases whose files are kept; the database may be that of an earlier version, where none were pruned.
select release, manifest from meta.release r
where to_jsonb(r) ->> 'files_pruned_at' is null
order by release
