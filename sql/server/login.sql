-- What this session's login may do beyond reading what is public, and which map is here.
--
-- A login is every role that it can become: one that owns the database or a schema of ours, sees
-- what is not public, makes roles, or is one of PostgreSQL's own (pg_read_all_data, ...), may do
-- more. `map_is_here`: has a first run made the views of the public?
SELECT
    session_user::text AS login,
    EXISTS (
        SELECT FROM pg_roles AS became
        WHERE pg_has_role(session_user, became.oid, 'MEMBER')
            AND (
                became.rolsuper
                OR became.rolcreaterole
                OR became.rolname ~ '^pg_'
                OR EXISTS (
                    SELECT FROM pg_namespace
                    WHERE (nspname IN ('meta', 'staging', 'core', 'onemap', 'web')
                        AND nspowner = became.oid)
                        OR (nspname IN ('meta', 'staging', 'core')
                            AND has_schema_privilege(became.oid, pg_namespace.oid, 'USAGE'))
                )
            )
    ) AS may_more,
    EXISTS (
        SELECT FROM pg_roles
        WHERE rolname = 'onemap_web' AND pg_has_role(session_user, oid, 'MEMBER')
    ) AS is_web,
    EXISTS (
        SELECT FROM pg_class
        INNER JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname = 'web' AND relname = 'map'
    ) AS map_is_here
