-- The release that readers follow (0 before the first), and the register that says so: a map that was restored
-- has another one, whose numbers begin anew.
SELECT coalesce((SELECT release FROM web.release), 0) release,
       (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'meta' AND c.relname = 'pointer') register
