-- What readers of one release see of a layer and readers of another do not: features added, removed, and
-- changed, with the columns that changed, of those with the given privacy. Release 0 is the empty map before
-- the first one.
--
-- Between the two lie the versions that end there and those that begin there: the indexes of both find them,
-- however long the history is.
create or replace function meta.release_diff(
    layer_name text, release_a integer, release_b integer, classes text[]
)
returns table (feature_id uuid, source_id text, change text, name_th text, name_en text, columns text[])
language plpgsql stable as $$
declare
    compared text := (
        select string_agg(
            format('case when a.%1$I%2$s is distinct from b.%1$I%2$s then %3$L end', c.column_name, c.as_bytes, c.told),
            ', ' order by c.place
        )
        from (
            select column_name, '' as as_bytes, column_name as told, position as place
            from meta.layer_column where layer_id = layer_name and privacy = any (classes)
            union all
            select column_name, as_bytes, told, 1000 + place
            from unnest(
                array['geom', 'district_code', 'subdistrict_code', 'location_precision', 'source_id'],
                array['::bytea', '', '', '', ''],
                array['position', 'district_code', 'subdistrict_code', 'location_precision', 'source_id']
            ) with ordinality as standard (column_name, as_bytes, told, place)
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
        with ending as materialized (
            select * from core.%1$I where release_from <= $1 and release_to > $1 and release_to <= $2
        ),
        beginning as materialized (
            select * from core.%1$I
            where release_from > $1 and release_from <= $2 and (release_to is null or release_to > $2)
        ),
        found as (
            select coalesce(b.feature_id, a.feature_id), coalesce(b.source_id, a.source_id),
                   case when a.feature_id is null then 'added' when b.feature_id is null then 'removed'
                        else 'changed' end as change,
                   %2$s,
                   case when a.feature_id is null or b.feature_id is null then array[]::text[]
                        else array_remove(array[%3$s]::text[], null) end as columns
            from %4$I a
            full join %5$I b using (feature_id)
        )
        select * from found where change <> 'changed' or columns <> array[]::text[]
        $sql$, layer_name, names, compared,
        case when release_a <= release_b then 'ending' else 'beginning' end,
        case when release_a <= release_b then 'beginning' else 'ending' end)
        using least(release_a, release_b), greatest(release_a, release_b);
end $$;
