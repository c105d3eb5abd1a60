-- The tiles of one layer at one zoom: each feature in every tile that it touches or nearly touches.
-- EPSG:3857 is a square of 2 * pi * 6378137 m; a tile has 4096 units a side. `buffer` (units) overlaps
-- neighbours: lines and outlines are joined, and a point that rounds onto an edge is in the tile beyond.
with grid as (
    select side, side / 2 * (1 << :zoom) as half, side / 4096 as unit, (1 << :zoom) - 1 as last
    from (select 40075016.685578488 / (1 << :zoom) as side) world
),
feature as (
    select f.*, g.*,
           case st_dimension(f.shape) when 0 then 8 else 64 end as buffer,
           least(last, greatest(0, floor((st_x(spot) + half) / side)::integer)) as home_x,
           least(last, greatest(0, floor((half - st_y(spot)) / side)::integer)) as home_y
    from public_feature f, grid g
    where f.layer_id = :layer and f.shape is not null
),
piece as (
    select feature_id, attributes, shape, spot, unit, buffer, x, y,
           st_tileenvelope(:zoom, x, y) as envelope,
           x = home_x and y = home_y as home
    from feature
    cross join lateral generate_series(
        greatest(0, floor((st_xmin(shape) - buffer * unit + half) / side)::integer),
        least(last, floor((st_xmax(shape) + buffer * unit + half) / side)::integer)) x
    cross join lateral generate_series(
        greatest(0, floor((half - st_ymax(shape) - buffer * unit) / side)::integer),
        least(last, floor((half - st_ymin(shape) + buffer * unit) / side)::integer)) y
),
-- Materialized, so that each shape is cut once.
drawn as materialized (
    select x, y, feature_id, attributes,
           coalesce(
               st_asmvtgeom(shape, envelope, 4096, buffer),
               -- Too small for this zoom: two units wide, at a spot on the shape. Nothing disappears.
               case when home then st_asmvtgeom(
                   case st_dimension(shape)
                       when 2 then st_expand(spot, unit)
                       else st_makeline(st_translate(spot, -unit, 0), st_translate(spot, unit, 0))
                   end, envelope, 4096, buffer)
               end) as geom
    from piece
)
select x, y, st_asmvt(r, :layer, 4096, 'geom' order by feature_id) as tile
from drawn cross join lateral (select drawn.attributes, drawn.geom) r
where drawn.geom is not null
group by x, y
