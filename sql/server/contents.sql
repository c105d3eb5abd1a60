-- What a map's database must have before its first migration: extensions, and the rights to use
-- them. Run in the map's database (see roles.sql); nothing is taken from anybody.
--
-- Variables: owner, closing (`yes`: closed.sql goes before).
SELECT format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA public', wanted)
FROM unnest(ARRAY['btree_gist', 'pg_trgm', 'postgis']) AS wanted
WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = wanted)
ORDER BY 1
\gexec

-- Extensions that somebody put into another schema are found there: PostGIS cannot be moved.
WITH elsewhere AS (
    SELECT string_agg(DISTINCT format(', %I', extnamespace::regnamespace::text), '') AS schemas
    FROM pg_extension
    WHERE extname IN ('btree_gist', 'pg_trgm', 'postgis')
        AND extnamespace <> 'public'::regnamespace
)
SELECT format(
    'ALTER ROLE %I IN DATABASE %I SET search_path = public%s',
    reader.role, current_database(), elsewhere.schemas
)
FROM elsewhere, (VALUES (:'owner'), ('onemap_planner'), ('onemap_web')) AS reader (role)
WHERE elsewhere.schemas IS NOT NULL
    AND NOT EXISTS (
        SELECT
        FROM pg_db_role_setting AS found
        INNER JOIN pg_roles ON pg_roles.oid = found.setrole
        INNER JOIN pg_database ON pg_database.oid = found.setdatabase
        WHERE pg_roles.rolname = reader.role AND pg_database.datname = current_database()
            AND 'search_path=public' || elsewhere.schemas = ANY (found.setconfig)
    )
ORDER BY 1
\gexec

SELECT format('GRANT USAGE ON SCHEMA %I TO %I', place.nspname, reader.role)
FROM pg_namespace AS place, (VALUES (:'owner'), ('onemap_planner'), ('onemap_web')) AS reader (role)
WHERE (
    place.nspname = 'public'
    OR place.oid IN (
        SELECT extnamespace FROM pg_extension WHERE extname IN ('btree_gist', 'pg_trgm', 'postgis')
    )
)
    AND NOT EXISTS (
        SELECT
        FROM aclexplode(coalesce(place.nspacl, acldefault('n', place.nspowner))) AS given
        LEFT JOIN pg_roles ON pg_roles.oid = given.grantee
        WHERE given.privilege_type = 'USAGE'
            AND (given.grantee = 0 OR pg_roles.rolname = reader.role)
    )
ORDER BY 1
\gexec

-- Runs queue behind each other by advisory locks, and some end what they started.
SELECT format('GRANT EXECUTE ON FUNCTION %s TO %I', needed.oid::regprocedure, :'owner')
FROM pg_proc AS needed
WHERE needed.pronamespace = 'pg_catalog'::regnamespace
    AND needed.proname ~ '^(pg_sleep$|pg_(terminate|cancel)_backend$|pg_(try_)?advisory_)'
    AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'owner' AND rolsuper)
    AND NOT EXISTS (
        SELECT
        FROM aclexplode(coalesce(needed.proacl, acldefault('f', needed.proowner))) AS given
        LEFT JOIN pg_roles ON pg_roles.oid = given.grantee
        WHERE pg_roles.rolname = :'owner' OR (given.grantee = 0 AND :'closing' <> 'yes')
    )
ORDER BY 1
\gexec
