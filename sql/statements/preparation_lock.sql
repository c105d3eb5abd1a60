-- Not a wall (any role may take it), but a queue: two runs do not shape one database at once.
select pg_advisory_lock(hashtext('onemap preparation'))
