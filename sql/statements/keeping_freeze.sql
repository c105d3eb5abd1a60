-- One view of the whole database, which pg_dump shares. Between its statements the transaction waits for
-- pg_dump; values are written in one way, so that their hashes can be compared.
set transaction isolation level repeatable read;
set local idle_in_transaction_session_timeout = 0;
set local statement_timeout = 0;
set local timezone = 'UTC';
set local datestyle = 'ISO, YMD';
set local bytea_output = 'hex';
set local extra_float_digits = 1;
