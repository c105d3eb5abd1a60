-- Made before the publication's read-only transaction, filled and read within it.
-- Where features lie, in the units of functions/047_tiles.sql: a spot on each, and its box.
create temporary table tile_spot (
    layer_id text not null,
    feature_id uuid not null,
    x integer not null,
    y integer not null,
    west integer not null,
    north integer not null,
    east integer not null,
    south integer not null
);
create index on tile_spot (layer_id);
-- Boxes that changed since the release before.
create temporary table tile_change (
    layer_id text not null,
    west integer not null,
    north integer not null,
    east integer not null,
    south integer not null
);
create temporary table tile_touched (
    layer_id text not null, zoom integer not null, x integer not null, y integer not null
);
-- Tiles to cut: how many features are at home in each, and whether it is drawn or counted.
create temporary table tile_plan (
    layer_id text not null,
    zoom integer not null,
    x integer not null,
    y integer not null,
    features bigint not null,
    counted boolean not null
);
create index on tile_plan (layer_id, zoom);
create temporary table tile_wanted (layer_id text not null, feature_id uuid not null);
-- What is drawn: `shape` in Web Mercator, null for points, whose spot says all.
create temporary table public_feature (
    like tile_spot,
    attributes jsonb not null,
    shape geometry(geometry, 3857)
);
create index on public_feature (layer_id);
-- A shape is read once for each tile: not unpacked each time.
alter table public_feature alter shape set storage external;
-- Of these come counts by area and anchors for names, of all layers.
create temporary table public_place (
    layer_id text not null,
    feature_id uuid not null,
    district_code text,
    subdistrict_code text,
    location_precision text not null,
    attributes jsonb not null,
    geom geometry(geometry, 4326)
);
