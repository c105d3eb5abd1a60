-- Tiles of counts: the features at home in each, by cell (`cell` is the number of bits that a unit's
-- place in a cell has), each at the mean of its spots. In whole numbers, so that the order does not tell.
with unit as (
    select x >> :shift as x, y >> :shift as y from tile_spot where layer_id = :layer
),
cell as (
    select x >> 12 as tile_x, y >> 12 as tile_y, (y & 4095) >> :cell as down, (x & 4095) >> :cell as across,
           count(*) as count, st_makepoint(sum(x & 4095) / count(*), sum(y & 4095) / count(*)) as geom
    from unit
    where (x >> 12, y >> 12) in (
        select * from unnest(cast(:columns as integer[]), cast(:rows as integer[])))
    group by tile_x, tile_y, down, across
)
select tile_x as x, tile_y as y,
       st_asmvt(r, cast(:layer as text) || '_count', 4096, 'geom' order by down, across) as tile
from cell cross join lateral (select cell.count, cell.geom) r
group by tile_x, tile_y
