-- The roles of a server on which maps live: who owns them, and who may read.
--
-- Like every file here it is a script for psql, in which each query answers the statements that are
-- still missing, and \gexec executes them; `onemap db grants` prints it, server/provision.py asks
-- the same queries. Nothing is answered that is there already, so it may be run again.
--
-- Variables: owner, owner_password, planner_password, web_password (of roles that are made now; in
-- clear, or as PostgreSQL keeps them; empty for none).
SELECT format(
    'CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT PASSWORD %L',
    :'owner', nullif(:'owner_password', '')
)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'owner')
\gexec

-- Planners read schema `onemap`, the web reads schema `web`; neither may act as anybody else.
SELECT format(
    'CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD %L',
    wanted.role, nullif(wanted.password, '')
)
FROM (
    VALUES ('onemap_planner', :'planner_password'), ('onemap_web', :'web_password')
) AS wanted (role, password)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.role)
\gexec

SELECT format(
    'ALTER ROLE %I SET %I = %L',
    reader.role, split_part(setting, '=', 1), split_part(setting, '=', 2)
)
FROM (
    VALUES
    ('onemap_planner', ARRAY[
        'default_transaction_read_only=on', 'statement_timeout=5min',
        'idle_in_transaction_session_timeout=15min'
    ]),
    ('onemap_web', ARRAY[
        'default_transaction_read_only=on', 'statement_timeout=10s', 'lock_timeout=2s',
        'idle_in_transaction_session_timeout=30s'
    ])
) AS reader (role, settings), unnest(reader.settings) AS setting
WHERE NOT EXISTS (
    SELECT
    FROM pg_db_role_setting AS found
    INNER JOIN pg_roles ON pg_roles.oid = found.setrole
    WHERE pg_roles.rolname = reader.role AND found.setdatabase = 0
        AND setting = ANY (found.setconfig)
)
ORDER BY 1
\gexec
