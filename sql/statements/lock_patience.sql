-- Longer than that, readers do not queue behind a change that waits for one of them.
set local lock_timeout = '1s'
