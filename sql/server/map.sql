-- The database of one map, and who may enter it. Run in any database of the server (see roles.sql).
--
-- One that is made here is ours, and closed from its birth. In one that is there already, what
-- everybody (PUBLIC) may do stays as it is: sql/server/closed.sql is run where that is asked for.
--
-- Variables: database, owner.
SELECT made.statement
FROM (
    VALUES
    (1, format('CREATE DATABASE %I OWNER %I', :'database', :'owner') || CASE
        WHEN pg_char_to_encoding('UTF8') = (
            SELECT encoding FROM pg_database WHERE datname = 'template1'
        ) THEN ''
        ELSE ' TEMPLATE template0 ENCODING ''UTF8'' LOCALE ''C'''
    END),
    (2, format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'database'))
) AS made (step, statement)
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database')
ORDER BY made.step
\gexec

SELECT format(
    'GRANT %s ON DATABASE %I TO %I',
    string_agg(wanted.privilege, ', ' ORDER BY wanted.privilege), :'database', wanted.role
)
FROM (
    VALUES
    (:'owner', 'CONNECT'), (:'owner', 'CREATE'), (:'owner', 'TEMPORARY'),
    ('onemap_planner', 'CONNECT'), ('onemap_web', 'CONNECT')
) AS wanted (role, privilege)
WHERE NOT EXISTS (
    SELECT
    FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) AS given
    INNER JOIN pg_roles ON pg_roles.oid = given.grantee
    WHERE datname = :'database'
        AND pg_roles.rolname = wanted.role AND given.privilege_type = wanted.privilege
)
GROUP BY wanted.role
ORDER BY wanted.role
\gexec
