-- What a layer's products are made of in the release to come, and what they were made of in the one before
-- it: counts, and hashes of the versions of its features that do not depend on their order. A published
-- version is never written again, so the same versions are the same rows; that nobody wrote one all the
-- same is seen where the hash of the release before is no longer the one that was noted when it was built.
create or replace function meta.layer_content(layer_name text, target integer)
returns table (
    source_id text, location_precision text, features bigint, features_before bigint, begun bigint,
    ended bigint, versions numeric, versions_before numeric
)
language plpgsql stable as $$
begin
    return query execute format($sql$
        select v.source_id, v.location_precision,
               count(*) filter (where lives),
               count(*) filter (where lived),
               count(*) filter (where lives and not lived),
               count(*) filter (where lived and not lives),
               coalesce(sum(hash) filter (where lives), 0),
               coalesce(sum(hash) filter (where lived), 0)
        from (
            select l.source_id, l.location_precision,
                   hash_record_extended(
                       row(l.feature_id, l.release_from, l.content_hash, l.district_code, l.subdistrict_code), 0
                   ) as hash,
                   (l.release_to is null or l.release_to > $1)
                   and l.source_id = any ((select meta.declared_sources(%1$L))::text[]) as lives,
                   l.release_from < $1 as lived
            from core.%1$I l
            where l.release_from <= $1 and (l.release_to is null or l.release_to >= $1)
        ) v
        where lives or lived
        group by v.source_id, v.location_precision
        order by v.source_id, v.location_precision
        $sql$, layer_name) using target;
end $$;
