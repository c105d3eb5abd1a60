-- Schemas of a map's names that are there already, whoever made them.
select nspname from pg_namespace where nspname in ('meta', 'staging', 'core', 'onemap', 'web')
