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
