-- What a map's database must have before its first migration: extensions, and fewer open doors.
-- Answers the statements that are still missing, in order (see server.sql). psql runs them too, by
-- \gexec: scripts/compose-roles.sh prepares a server's template1 so.
--
-- Revoked from PUBLIC: functions by which a reader who gets any function call through an API's
-- filter could read by another query, wait, end other sessions, hold locks or write large objects.
-- set_config stays: drivers call it at connect, and a role may SET what it likes in any case.
WITH
missing_extension AS (
    SELECT 1 AS step, format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA public', wanted) AS statement
    FROM unnest(ARRAY['btree_gist', 'pg_trgm', 'postgis']) AS wanted
    WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = wanted)
),
open_schema AS (
    SELECT 2, 'REVOKE CREATE ON SCHEMA public FROM PUBLIC'
    WHERE EXISTS (
        SELECT FROM pg_namespace, aclexplode(nspacl)
        WHERE nspname = 'public' AND grantee = 0 AND privilege_type = 'CREATE'
    )
),
open_function AS (
    SELECT 3, format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', pg_proc.oid::regprocedure)
    FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace
        AND prokind = 'f'
        AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
        AND proname ~ '^((query|table|schema|database|cursor)_to_xml|pg_sleep|pg_terminate_backend$'
            '|pg_cancel_backend$|pg_(try_)?advisory_|lo_)'
        AND (
            proacl IS NULL
            OR EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0)
        )
),
missing_execute AS (
    SELECT 4, format('GRANT EXECUTE ON FUNCTION %s TO %I', pg_proc.oid::regprocedure, owner.rolname)
    FROM pg_proc, pg_roles AS owner
    WHERE (
        owner.rolname = 'onemap'
        OR owner.oid = (SELECT datdba FROM pg_database WHERE datname = current_database())
    )
        AND NOT owner.rolsuper
        AND pronamespace = 'pg_catalog'::regnamespace
        AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
        AND proname ~ '^(pg_sleep$|pg_terminate_backend$|pg_cancel_backend$|pg_(try_)?advisory_)'
        AND NOT EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = owner.oid)
)
SELECT statement
FROM (
    SELECT * FROM missing_extension
    UNION ALL SELECT * FROM open_schema
    UNION ALL SELECT * FROM open_function
    UNION ALL SELECT * FROM missing_execute
) AS missing
ORDER BY step, statement
