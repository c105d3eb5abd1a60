-- Whether a source was ever declared on this map.
select exists (select from meta.source where source_id = :source)
