-- Schemas that are named as those of a map, whose they are, and whether they can be told to be ours
-- by what is in `meta`: the register of migrations with its three columns, or that and nothing else.
-- Asks the catalogue alone: what is somebody else's need not be readable. None: nothing is there.
WITH register AS (
    SELECT found.oid
    FROM pg_class AS found
    WHERE found.relname = 'migration' AND found.relnamespace = (
        SELECT oid FROM pg_namespace WHERE nspname = 'meta'
    )
        AND ARRAY['applied_at', 'name', 'sha256'] = (
            SELECT array_agg(attname::text ORDER BY attname)
            FROM pg_attribute
            WHERE attrelid = found.oid AND attnum > 0 AND NOT attisdropped
        )
)
SELECT
    place.nspname::text AS name,
    pg_get_userbyid(place.nspowner)::text AS owner,
    EXISTS (SELECT FROM register) AS registered,
    place.nspname = 'meta' AND EXISTS (SELECT FROM register) AND NOT EXISTS (
        SELECT FROM pg_class
        WHERE relnamespace = place.oid AND relkind IN ('r', 'v', 'm', 'p', 'f')
            AND pg_class.oid NOT IN (SELECT oid FROM register)
    ) AS begun
FROM pg_namespace AS place
WHERE place.nspname IN ('meta', 'staging', 'core', 'onemap', 'web')
ORDER BY 1
