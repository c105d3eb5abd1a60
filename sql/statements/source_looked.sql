-- Of looks that overlap, the one that began last stays; one of the future is a clock that was wrong.
update meta.source
set looked_at = :began, looked_outcome = :outcome
where source_id = :source and (looked_at > :began and looked_at <= clock_timestamp()) is not true
