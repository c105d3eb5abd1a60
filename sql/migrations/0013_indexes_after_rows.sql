-- Source and run are the same in all rows of a load, which looks at them once; they were looked up for every
-- row. Identity becomes an index that is built after the first rows, as the others are. An index that somebody
-- else made stays; what is missing, `meta.index_history` makes.
do $$
declare
    found record;
begin
    for found in
        select conrelid::regclass as history, conname from pg_constraint
        where connamespace = 'core'::regnamespace and contype in ('f', 'p')
    loop
        execute format('alter table %s drop constraint %I', found.history, found.conname);
    end loop;
    for found in
        select i.indexrelid::regclass as index, c.relname as layer_name, known.becomes
        from pg_index i
        join pg_class c on c.oid = i.indrelid and c.relnamespace = 'core'::regnamespace
        join (values
            ('btree (feature_id) WHERE (release_to IS NULL)', 'open'),
            ('gist (geom)', 'geom'),
            ('btree (source_id) WHERE (release_to IS NULL)', 'source'),
            ('btree (release_from)', 'begin'),
            ('btree (release_to)', null),
            ('btree (district_code, subdistrict_code)', null)
        ) as known (definition, becomes)
          on known.definition = substring(pg_get_indexdef(i.indexrelid) from ' USING (.*)$')
    loop
        if found.becomes is null then
            execute format('drop index %s', found.index);
        elsif format('core.%I', format('%s_%s_idx', found.layer_name, found.becomes))::text <> found.index::text then
            execute format('alter index %s rename to %I', found.index,
                           format('%s_%s_idx', found.layer_name, found.becomes));
        end if;
    end loop;
end $$;
