-- Made before the publication's read-only transaction, filled and read within it.
create temporary table public_feature (
    layer_id text not null,
    feature_id uuid not null,
    district_code text,
    subdistrict_code text,
    location_precision text not null,
    attributes jsonb not null,
    geom geometry(geometry, 4326),
    shape geometry(geometry, 3857),
    spot geometry(point, 3857)
);
create index on public_feature (layer_id);
-- A shape is read once for each tile: not unpacked each time.
alter table public_feature
    alter geom set storage external, alter shape set storage external;
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
