-- What the map's database needs of PostgreSQL's extensions, and their version where they are there.
select wanted as name, extversion as version
from unnest(array['btree_gist', 'pg_trgm', 'postgis']) as wanted
left join pg_extension on extname = wanted
order by wanted
