select layer_id || ': ' || holder || ' since ' || to_char(taken_at, 'YYYY-MM-DD HH24:MI:SS')
from meta.lease where layer_id = any (cast(:layers as text[])) order by layer_id
