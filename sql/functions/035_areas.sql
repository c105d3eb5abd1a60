-- The boundaries that the coming release will have.
create or replace function meta.admin_areas()
returns table (level text, code text, shape bytea)
language plpgsql stable as $$
begin
    return query execute format($sql$
        select 'districts', district_code, st_asbinary(geom) from core.%I
        where release_to is null and geom is not null
        union all
        select 'subdistricts', subdistrict_code, st_asbinary(geom) from core.%I
        where release_to is null and geom is not null
        order by 1, 2
        $sql$, meta.layer_of_role('district'), meta.layer_of_role('subdistrict'));
end $$;

-- Fingerprint of these boundaries: what was judged against others is judged anew.
create or replace function meta.areas_fingerprint() returns text
language plpgsql stable as $$
declare
    found text;
begin
    execute format($sql$
        select md5(string_agg(encode(content_hash, 'hex'), '' order by feature_id)) from (
            select feature_id, content_hash from core.%I where release_to is null
            union all
            select feature_id, content_hash from core.%I where release_to is null
        ) areas
        $sql$, meta.layer_of_role('district'), meta.layer_of_role('subdistrict')) into found;
    return coalesce(found, '');
end $$;
