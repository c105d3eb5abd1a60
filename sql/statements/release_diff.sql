-- What differs between two releases, layer by layer; of each kind of change the first `most` features, and
-- how many there are.
select layer, change, count, feature_id, source_id as source, name_th, name_en, columns
from (
    select l.layer_id as layer, l.sort_order, d.*,
           count(*) over kind as count, row_number() over (kind order by d.name_th, d.feature_id) as place
    from meta.layer l
    cross join lateral meta.release_diff(
        l.layer_id, :release_a, :release_b, array['public', 'internal', 'personal']) d
    where (l.layer_id = :layer or cast(:layer as text) is null)
      and (d.source_id = :source or cast(:source as text) is null)
    window kind as (partition by l.layer_id, d.change)
) found
where place <= :most or cast(:most as integer) is null
order by sort_order, layer, change, place
