-- Backup, restore and prune of one map are one at a time: a queue of the owner's own commands, as the
-- preparation of the database is.
select pg_try_advisory_lock(hashtext('onemap keeping'))
