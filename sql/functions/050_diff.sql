-- What readers of one release see of a layer and readers of another do not: features added, removed, and
-- changed, with the columns that changed. Release 0 is the empty map before the first one.
create or replace function meta.release_diff(layer_name text, release_a integer, release_b integer)
returns table (feature_id uuid, source_id text, change text, name_th text, name_en text, columns text[])
language plpgsql stable as $$
declare
    compared text := (
        select string_agg(
            format('case when a.%1$I is distinct from b.%1$I then %2$L end', c.column_name, c.told), ', '
            order by c.place
        )
        from (
            select column_name, column_name as told, position as place
            from meta.layer_column where layer_id = layer_name
            union all
            select column_name, told, 1000 + place
            from unnest(
                array['geom', 'district_code', 'subdistrict_code', 'location_precision', 'source_id'],
                array['position', 'district_code', 'subdistrict_code', 'location_precision', 'source_id']
            ) with ordinality as standard (column_name, told, place)
        ) c
    );
    names text := (
        select string_agg(
            case when exists (
                select from meta.layer_column
                where layer_id = layer_name and column_name = name and privacy <> 'personal'
            ) then format('coalesce(b.%1$I, a.%1$I)', name) else 'null::text' end, ', ' order by name desc
        )
        from unnest(array['name_th', 'name_en']) as name
    );
begin
    if to_regclass(format('core.%I', layer_name)) is null then
        return;
    end if;
    return query execute format($sql$
        with a as materialized (
            select * from core.%1$I
            where release_from <= $1 and (release_to is null or release_to > $1)
              and not (release_from <= $2 and (release_to is null or release_to > $2))
        ),
        b as materialized (
            select * from core.%1$I
            where release_from <= $2 and (release_to is null or release_to > $2)
              and not (release_from <= $1 and (release_to is null or release_to > $1))
        ),
        found as (
            select coalesce(b.feature_id, a.feature_id), coalesce(b.source_id, a.source_id),
                   case when a.feature_id is null then 'added' when b.feature_id is null then 'removed'
                        else 'changed' end as change,
                   %2$s,
                   case when a.feature_id is null or b.feature_id is null then array[]::text[]
                        else array_remove(array[%3$s]::text[], null) end as columns
            from a
            full join b using (feature_id)
        )
        select * from found where change <> 'changed' or columns <> array[]::text[]
        $sql$, layer_name, names, compared) using release_a, release_b;
end $$;
