-- The drawn tiles of a layer of lines or areas at one zoom: each feature in every tile that it touches
-- or nearly touches. `buffer` (units) overlaps neighbours, so that lines and outlines are joined.
-- A tile of too many octets to be encoded at all comes as null.
with piece as (
    select feature_id, attributes, shape, p.x, p.y, st_tileenvelope(:zoom, p.x, p.y) as envelope,
           (f.x >> :shift) >> 12 = p.x and (f.y >> :shift) >> 12 = p.y as home,
           (f.x >> :shift) & 4095 as spot_x, (f.y >> :shift) & 4095 as spot_y
    from public_feature f
    cross join lateral generate_series(
        ((west >> :shift) - :buffer) >> 12, ((east >> :shift) + :buffer) >> 12) tile_x
    cross join lateral generate_series(
        ((north >> :shift) - :buffer) >> 12, ((south >> :shift) + :buffer) >> 12) tile_y
    join tile_plan p
      on p.layer_id = f.layer_id and p.zoom = :zoom and p.x = tile_x and p.y = tile_y and not counted
    where f.layer_id = :layer
),
-- Materialized, so that each shape is cut once.
drawn as materialized (
    select x, y, feature_id, attributes,
           coalesce(
               st_asmvtgeom(shape, envelope, 4096, :buffer),
               -- Too small for this zoom: two units wide, at a spot on the shape. Nothing disappears.
               case when home then
                   case st_dimension(shape)
                       when 2 then st_reverse(
                           st_makeenvelope(spot_x - 1, spot_y - 1, spot_x + 1, spot_y + 1))
                       else st_makeline(st_makepoint(spot_x - 1, spot_y), st_makepoint(spot_x + 1, spot_y))
                   end
               end) as geom
    from piece
),
light as (
    select x, y from drawn group by x, y having sum(st_memsize(geom)) <= :octets
)
select x, y, st_asmvt(r, :layer, 4096, 'geom' order by feature_id) as tile
from drawn join light using (x, y) cross join lateral (select drawn.attributes, drawn.geom) r
where drawn.geom is not null
group by x, y
union all
select x, y, null from drawn group by x, y having sum(st_memsize(geom)) > :octets
