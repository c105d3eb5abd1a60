-- What a server must have before a map can live on it: roles, the map's database, who may connect.
-- Answers the statements that are still missing, in order; none if all is well. They are answered
-- and not executed, because CREATE DATABASE stands outside transactions, and because a person who
-- runs the server can be shown exactly the one that was refused.
--
-- Parameters: database; owner (null: the role that asks owns the database and may act as the
-- readers, for servers where only one login is given).
WITH
asked AS (
    SELECT
        %(database)s::text AS database,
        coalesce(%(owner)s::text, current_user) AS owner,
        %(owner)s::text IS NULL AS shared_login
),
reader (role, settings) AS (
    VALUES
    ('onemap_planner', ARRAY[
        'default_transaction_read_only=on', 'statement_timeout=5min',
        'idle_in_transaction_session_timeout=15min'
    ]),
    ('onemap_web', ARRAY[
        'default_transaction_read_only=on', 'statement_timeout=10s', 'lock_timeout=2s',
        'idle_in_transaction_session_timeout=30s'
    ])
),
missing_role AS (
    SELECT 1 AS step, format(
        'CREATE ROLE %%I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE %%s', wanted.role, wanted.inherits
    ) AS statement
    FROM (
        SELECT owner, 'INHERIT' FROM asked
        UNION ALL SELECT role, 'NOINHERIT' FROM reader
    ) AS wanted (role, inherits)
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.role)
),
missing_setting AS (
    SELECT 2, format(
        'ALTER ROLE %%I SET %%I = %%L',
        reader.role, split_part(setting, '=', 1), split_part(setting, '=', 2)
    )
    FROM reader, unnest(reader.settings) AS setting
    WHERE NOT EXISTS (
        SELECT
        FROM pg_db_role_setting AS found
        INNER JOIN pg_roles ON pg_roles.oid = found.setrole
        WHERE pg_roles.rolname = reader.role AND found.setdatabase = 0
            AND setting = ANY (found.setconfig)
    )
),
missing_membership AS (
    SELECT 3, format('GRANT %%I TO %%I', reader.role, asked.owner)
    FROM reader, asked
    WHERE asked.shared_login
        AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
        AND NOT EXISTS (
            SELECT FROM pg_roles
            WHERE rolname = reader.role AND pg_has_role(
                current_user, pg_roles.oid,
                CASE
                    WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET'
                    ELSE 'MEMBER'
                END
            )
        )
),
missing_database AS (
    SELECT 4, format('CREATE DATABASE %%I OWNER %%I', asked.database, asked.owner)
    FROM asked
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = asked.database)
),
open_database AS (
    SELECT 5, format('REVOKE ALL ON DATABASE %%I FROM PUBLIC', closed.database)
    FROM (
        SELECT database FROM asked
        UNION ALL
        SELECT ours.database
        FROM asked, (VALUES ('postgres'), ('template1')) AS ours (database)
        WHERE NOT asked.shared_login  -- on a server of our own, its other databases too
    ) AS closed
    WHERE NOT EXISTS (
        SELECT FROM pg_database
        WHERE datname = closed.database AND datacl IS NOT NULL
            AND NOT EXISTS (SELECT FROM aclexplode(datacl) WHERE grantee = 0)
    )
),
missing_connect AS (
    SELECT 6, format('GRANT CONNECT ON DATABASE %%I TO %%I', asked.database, reader.role)
    FROM asked, reader
    WHERE NOT EXISTS (
        SELECT FROM pg_database AS found, pg_roles
        WHERE found.datname = asked.database AND pg_roles.rolname = reader.role
            AND EXISTS (
                SELECT FROM aclexplode(found.datacl)
                WHERE grantee = pg_roles.oid AND privilege_type = 'CONNECT'
            )
    )
)
SELECT statement
FROM (
    SELECT * FROM missing_role
    UNION ALL SELECT * FROM missing_setting
    UNION ALL SELECT * FROM missing_membership
    UNION ALL SELECT * FROM missing_database
    UNION ALL SELECT * FROM open_database
    UNION ALL SELECT * FROM missing_connect
) AS missing
ORDER BY step, statement
