-- What was there goes in the transaction that brings back what was kept.
begin;
set local client_min_messages = warning;
set local lock_timeout = '60s';
drop schema if exists meta, staging, core, onemap, web cascade;
