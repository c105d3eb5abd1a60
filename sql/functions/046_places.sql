-- What the counts of areas and the anchors of names are made from, of every layer whether its products are
-- built or not: places without a position, and, where `whole` says so, the layer's shapes as well. Fills
-- the temporary table of statements/publish_tables.sql.
create or replace procedure meta.gather_places(layer_name text, target integer, whole boolean)
language plpgsql as $$
begin
    execute format($sql$
        insert into pg_temp.public_place
        select %1$L, l.feature_id, l.district_code, l.subdistrict_code, l.location_precision,
               to_jsonb(a.*), case when $2 then l.geom end
        from core.%1$I l
        cross join lateral (select l.feature_id %2$s) a
        where l.release_from <= $1 and (l.release_to is null or l.release_to > $1)
          and l.source_id = any ((select meta.declared_sources(%1$L))::text[])
          and ($2 or l.location_precision <> 'exact')
        $sql$, layer_name, meta.public_columns(layer_name, array['name_th', 'name_en'])) using target, whole;
end $$;
