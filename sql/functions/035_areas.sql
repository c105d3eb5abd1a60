-- The boundaries that the coming release will have.
create or replace function meta.admin_areas()
returns table (level text, code text, district_code text, shape bytea)
language plpgsql stable as $$
begin
    return query execute format($sql$
        select 'districts', district_code, district_code, st_asbinary(geom) from core.%1$I
        where release_to is null and geom is not null and source_id = any ((select meta.declared_sources(%1$L))::text[])
        union all
        select 'subdistricts', subdistrict_code, district_code, st_asbinary(geom) from core.%2$I
        where release_to is null and geom is not null and source_id = any ((select meta.declared_sources(%2$L))::text[])
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
            select feature_id, content_hash from core.%1$I
            where release_to is null and source_id = any ((select meta.declared_sources(%1$L))::text[])
            union all
            select feature_id, content_hash from core.%2$I
            where release_to is null and source_id = any ((select meta.declared_sources(%2$L))::text[])
        ) areas
        $sql$, meta.layer_of_role('district'), meta.layer_of_role('subdistrict')) into found;
    return coalesce(found, '');
end $$;
