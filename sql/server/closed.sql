-- Fewer open doors: what everybody (PUBLIC) may no longer do in this database. Run in it, before
-- contents.sql (see roles.sql).
--
-- It is run where the database is our own (the private cluster, the compose file), and on somebody
-- else's only if `onemap db grants --close-public` is asked for: others may live by these rights.
--
-- Variables: whole_server (`yes`: the server is ours, and its other databases are closed as well).
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', datname)
FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) AS given
WHERE given.grantee = 0
    AND (
        datname = current_database()
        OR (:'whole_server' = 'yes' AND datname IN ('postgres', 'template1'))
    )
GROUP BY datname
ORDER BY datname
\gexec

SELECT 'REVOKE CREATE ON SCHEMA public FROM PUBLIC'
FROM pg_namespace, aclexplode(nspacl) AS given
WHERE nspname = 'public' AND given.grantee = 0 AND given.privilege_type = 'CREATE'
\gexec

-- Functions by which a reader could read by another query, wait, end other sessions, hold locks,
-- write large objects or reach another server. `set_config` stays: drivers call it at connect, and
-- a role may SET what it likes in any case.
SELECT format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', open.oid::regprocedure)
FROM pg_proc AS open
WHERE open.prokind = 'f'
    AND (
        (
            open.pronamespace = 'pg_catalog'::regnamespace
            AND open.proname ~ '^((query|table|schema|database|cursor)_to_xml|pg_sleep'
                '|pg_(terminate|cancel)_backend$|pg_(try_)?advisory_|lo_|loread$|lowrite$'
                '|ts_stat$|ts_rewrite$|pg_logical_emit_message$|pg_notify$)'
        )
        OR (
            open.proname ~ '^(dblink|crosstab|connectby$|xpath_table$)'
            AND EXISTS (
                SELECT FROM pg_depend
                WHERE classid = 'pg_proc'::regclass AND objid = open.oid AND deptype = 'e'
            )
        )
    )
    AND EXISTS (
        SELECT FROM aclexplode(coalesce(open.proacl, acldefault('f', open.proowner))) AS given
        WHERE given.grantee = 0
    )
ORDER BY open.oid::regprocedure::text
\gexec
