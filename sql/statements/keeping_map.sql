-- Which map lives here, and which release its readers follow.
select m.map_id, cast(p.database_id as text) as database_id, p.release as current,
       current_setting('server_version') as server
from meta.pointer p, meta.map m
