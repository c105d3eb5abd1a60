create temporary table placed (
    feature_id uuid not null, release_from integer not null, district_code text, subdistrict_code text
) on commit drop
