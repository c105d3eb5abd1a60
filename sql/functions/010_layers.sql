-- Layer tables and the views over them, made from the declarations in meta.layer and meta.layer_column.

create or replace function meta.sql_type(column_type text) returns text
language sql immutable as $$
    select case column_type
        when 'integer' then 'bigint'
        when 'number' then 'double precision'
        when 'boolean' then 'boolean'
        when 'date' then 'date'
        when 'year' then 'integer'
        else 'text'
    end
$$;

create or replace function meta.geometry_type(geometry text) returns text
language sql immutable as $$
    select case geometry
        when 'point' then 'geometry(Point, 4326)'
        when 'line' then 'geometry(MultiLineString, 4326)'
        else 'geometry(MultiPolygon, 4326)'
    end
$$;

-- Does version %1$s live in release %2$s? Said so that no index answers it: a release is known only when a query
-- runs, the planner would take it that a third of all versions had begun by then, and read an index of when
-- they begin from end to end beside the one that the reader asked for.
create or replace function meta.lives_in(version text, release text) returns text
language sql immutable as $$
    select format(
        '(%1$s.release_from > %2$s) is not true and (%1$s.release_to <= %2$s) is not true', version, release)
$$;

-- Does a view or a function stand as it is defined now? Each change locks its readers out, if only for a
-- moment, and waits for whoever reads: so only what differs is made anew.
create or replace function meta.stands(object_name text, wanted text) returns boolean
language sql stable as $$
    select exists (select from meta.definition where name = object_name and definition = wanted)
           and (to_regclass(object_name) is not null or to_regproc(object_name) is not null)
$$;

create or replace procedure meta.note_definition(object_name text, made text)
language sql as $$
    insert into meta.definition (name, definition) values (object_name, made)
    on conflict (name) do update set definition = excluded.definition
$$;

-- The columns of a layer that a reader may see, in the order in which the history got them: a column
-- that is declared between others comes last, and the views that people built stay.
create or replace function meta.visible_columns(layer_name text, classes text[]) returns text
language sql stable as $$
    select string_agg(format('l.%I', c.column_name), ', ' order by a.attnum)
    from meta.layer_column c
    join pg_attribute a
      on a.attrelid = format('core.%I', layer_name)::regclass and a.attname = c.column_name
    where c.layer_id = layer_name and c.privacy = any (classes)
$$;

create or replace procedure meta.define_history(layer_name text)
language plpgsql as $$
declare
    kind text := (select meta.geometry_type(geometry) from meta.layer where layer_id = layer_name);
    declared record;
begin
    if to_regclass(format('core.%I', layer_name)) is null then
        execute format($sql$
            create table core.%1$I (
                feature_id uuid not null,
                source_id text not null,
                source_key text not null,
                source_row integer not null,
                run_id integer not null,
                content_hash bytea not null check (octet_length(content_hash) in (16, 17)),
                claimed_district_code text,
                claimed_subdistrict_code text,
                district_code text,
                subdistrict_code text,
                location_precision text not null
                    check (location_precision in ('exact', 'subdistrict', 'district')),
                geom %2$s,
                release_from integer not null,
                release_to integer,
                constraint lives_forward check (release_to > release_from),
                constraint no_point_is_invented check ((geom is null) = (location_precision <> 'exact')),
                constraint on_the_globe check (
                    geom is null or (
                        st_xmin(geom) >= -180 and st_xmax(geom) <= 180
                        and st_ymin(geom) >= -90 and st_ymax(geom) <= 90
                    )
                )
            )$sql$, layer_name, kind);
    end if;
    for declared in
        select * from meta.layer_column c
        where layer_id = layer_name and not exists (
            select from pg_attribute a
            where a.attrelid = format('core.%I', layer_name)::regclass
              and a.attname = c.column_name and not a.attisdropped
        )
        order by position
    loop
        execute format('alter table core.%I add column %I %s',
            layer_name, declared.column_name, meta.sql_type(declared.type));
    end loop;
end $$;

-- The indexes of a layer's history, made where they are missing. An empty table gets none: its first rows are
-- written before them, and each index is then sorted once, which takes a tenth of the time of one that grows
-- row by row. No reader waits for that.
--
-- Readers' views say which release they show in a way that no index can answer (`meta.lives_in`); so these
-- can be as many as loads, publications and comparisons need, and no reader's plan is drawn to them.
create or replace procedure meta.index_history(layer_name text)
language plpgsql as $$
declare
    filled boolean;
    wanted record;
begin
    execute format('select exists (select from core.%I)', layer_name) into filled;
    for wanted in
        select format('%s_%s_idx', layer_name, indexed) as name, kind, definition
        from (values
            -- One version of a feature begins with a release, and one is open.
            ('identity', 'unique index', '(feature_id, release_from)'),
            ('open', 'unique index', '(feature_id) where release_to is null'),
            ('geom', 'index', 'using gist (geom)'),
            -- What one source has on the map, for its next load.
            ('source', 'index', '(source_id) where release_to is null'),
            -- What begins and what ends with a release: preparations and changes.
            ('begin', 'index', '(release_from)'),
            ('end', 'index', '(release_to) where release_to is not null'),
            -- Counts by area, for any release, without a look at the rows.
            ('area', 'index', '(district_code, subdistrict_code, release_from, release_to)')
        ) as indexes (indexed, kind, definition)
        where filled and to_regclass(format('core.%I', format('%s_%s_idx', layer_name, indexed))) is null
    loop
        execute format('create %s %I on core.%I %s', wanted.kind, wanted.name, layer_name, wanted.definition);
    end loop;
end $$;

-- A reader's view of one layer. Columns are only added at the end, so that the views which planners
-- built upon it stay. Where a column went (it is no longer declared, or not for these readers), the
-- view is made anew; if somebody's view depends on it, the caller is told.
create or replace procedure meta.put_view(target_schema text, view_name text, shown text)
language plpgsql as $$
declare
    name text := format('%I.%I', target_schema, view_name);
    definition text := format('create or replace view %s as %s', name, shown);
begin
    if meta.stands(name, definition) then
        return;
    end if;
    begin
        execute definition;
    exception when invalid_table_definition then
        execute format('drop function if exists onemap.%I(timestamptz)', view_name || '_as_of');
        execute format('drop view if exists %I.place', target_schema);
        execute format('drop view %s', name);
        execute definition;
    end;
    call meta.note_definition(name, definition);
end $$;

-- The current release of a layer.
create or replace procedure meta.define_view(target_schema text, layer_name text, classes text[])
language plpgsql as $$
begin
    call meta.put_view(target_schema, layer_name, format($sql$
        select l.feature_id, l.district_code, l.subdistrict_code, l.location_precision, l.source_id,
               l.geom, %2$s
        from core.%1$I l
        where %3$s
        $sql$, layer_name, meta.visible_columns(layer_name, classes),
        meta.lives_in('l', '(select release from meta.pointer)')));
end $$;

-- All that was published of a layer. What is prepared does not show, neither as a version nor as an end.
create or replace procedure meta.define_versions(layer_name text)
language plpgsql as $$
begin
    call meta.put_view('onemap', layer_name || '_versions', format($sql$
        select l.feature_id, l.release_from,
               case when l.release_to <= (select release from meta.pointer) then l.release_to end as release_to,
               l.district_code, l.subdistrict_code, l.location_precision, l.source_id, l.geom, %2$s
        from core.%1$I l
        where (l.release_from > (select release from meta.pointer)) is not true
        $sql$, layer_name, meta.visible_columns(layer_name, array['public', 'internal'])));
end $$;

-- A layer as it was: a plain query over its versions, with the rights of who asks, so that it becomes a part of
-- the question, and their conditions reach the indexes. `$1` and not its name: a layer may have a column `at`.
create or replace procedure meta.define_as_of(layer_name text)
language plpgsql as $$
declare
    definition text := format($sql$
        create or replace function onemap.%1$I(at timestamptz) returns setof onemap.%2$I
        language sql stable as $body$
            select l.feature_id, l.district_code, l.subdistrict_code, l.location_precision,
                   l.source_id, l.geom, %4$s
            from onemap.%3$I l
            where %5$s
        $body$ $sql$, layer_name || '_as_of', layer_name, layer_name || '_versions',
        meta.visible_columns(layer_name, array['public', 'internal']),
        meta.lives_in('l', '(select onemap.release_at($1))'));
    name text := format('onemap.%I', layer_name || '_as_of');
begin
    if meta.stands(name, definition) then
        return;
    end if;
    execute definition;
    execute format(
        'comment on function onemap.%I(timestamptz) is %L', layer_name || '_as_of',
        'ชั้นข้อมูลตามที่เผยแพร่ ณ เวลานั้น / The layer as it was published at that time');
    execute format('revoke all on function onemap.%I(timestamptz) from public', layer_name || '_as_of');
    execute format('grant execute on function onemap.%I(timestamptz) to onemap_planner', layer_name || '_as_of');
    call meta.note_definition(name, definition);
end $$;

-- Comments on a table or view of a layer, in both languages, from the declarations; only those that differ.
create or replace procedure meta.comment_layer(
    layer_name text, relation regclass, what_th text default '', what_en text default ''
)
language plpgsql as $$
declare
    words record;
begin
    for words in
        select format('%s %s', case c.relkind when 'r' then 'table' else 'view' end, relation) as name,
               format(E'%s%s: %s\n%s%s: %s', what_th, title_th, description_th, what_en, title_en,
                      description_en) as text,
               obj_description(relation) as found
        from meta.layer, pg_class c where layer_id = layer_name and c.oid = relation
        union all
        select format('column %s.%I', relation, a.attname),
               coalesce(
                   nullif(concat_ws(
                       E'\n', c.title_th || coalesce(': ' || c.description_th, ''),
                       c.title_en || coalesce(': ' || c.description_en, ''), '[' || c.unit || ']'), ''),
                   concat_ws(E'\n', s.title_th, s.title_en)
               ),
               col_description(relation, a.attnum)
        from pg_attribute a
        left join meta.layer_column c on c.layer_id = layer_name and c.column_name = a.attname
        left join meta.standard_column s on s.column_name = a.attname
        where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
    loop
        if words.text is distinct from words.found then
            execute format('comment on %s is %L', words.name, words.text);
        end if;
    end loop;
end $$;

-- Columns whose declared type is not that of their table: history has one type for ever.
create or replace function meta.retyped_columns() returns table (layer_id text, column_name text, declared text, found text)
language sql stable as $$
    select c.layer_id, c.column_name, meta.sql_type(c.type), format_type(a.atttypid, a.atttypmod)
    from meta.layer_column c
    join meta.layer l using (layer_id)
    join pg_class t on t.relname = c.layer_id and t.relnamespace = 'core'::regnamespace
    join pg_attribute a on a.attrelid = t.oid and a.attname = c.column_name and not a.attisdropped
    where l.declared and format_type(a.atttypid, a.atttypmod) <> meta.sql_type(c.type)
$$;

create or replace procedure meta.define_layer(layer_name text)
language plpgsql as $$
begin
    call meta.define_history(layer_name);
    call meta.index_history(layer_name);
    call meta.define_view('onemap', layer_name, array['public', 'internal']);
    call meta.define_view('web', layer_name, array['public']);
    call meta.define_versions(layer_name);
    call meta.define_as_of(layer_name);
    call meta.comment_layer(layer_name, format('core.%I', layer_name));
    call meta.comment_layer(layer_name, format('onemap.%I', layer_name));
    call meta.comment_layer(layer_name, format('web.%I', layer_name));
    call meta.comment_layer(
        layer_name, format('onemap.%I', layer_name || '_versions'),
        'ทุกรุ่นที่เผยแพร่แล้วของ', 'Every published version of ');
end $$;

-- All places of all agencies, in one view for planners and one for the public.
--
-- Its columns are said by a view without rows, and the rows by its rule alone: a rule may give points and
-- polygons for what the view calls a geometry in EPSG:4326. A cast to that in the query would say the same, and
-- keep every condition on `geom` from the indexes, for the planner cannot see that it changes nothing.
create or replace procedure meta.define_places(target_schema text)
language plpgsql as $$
declare
    nothing text := $sql$
        select null::text as layer_id, null::uuid as feature_id, null::text as name_th, null::text as name_en,
               null::text as district_code, null::text as subdistrict_code,
               null::text as location_precision, null::text as source_id,
               null::geometry(Geometry, 4326) as geom
        where false$sql$;
    definition text := coalesce((
        select string_agg(format($sql$
            select %1$L::text as layer_id, feature_id, name_th, name_en, district_code, subdistrict_code,
                   location_precision, source_id, geom::geometry
            from %2$I.%1$I$sql$, layer_id, target_schema), ' union all ' order by sort_order)
        from meta.layer where role = 'place' and declared), nothing);
    name text := format('%I.place', target_schema);
begin
    if meta.stands(name, definition) then
        return;
    end if;
    if to_regclass(name) is null then
        execute format('create view %s as %s', name, nothing);
    end if;
    execute format('create or replace rule "_RETURN" as on select to %s do instead %s', name, definition);
    call meta.note_definition(name, definition);
    execute format('comment on view %I.place is %L', target_schema,
        'สถานที่จากทุกชั้นข้อมูลรวมกัน / The places of all layers together');
    execute format('comment on column %I.place.layer_id is %L', target_schema, 'ชั้นข้อมูล / Layer');
    execute format('comment on column %I.place.name_th is %L', target_schema, 'ชื่อภาษาไทย / Name in Thai');
    execute format('comment on column %I.place.name_en is %L', target_schema, 'ชื่อภาษาอังกฤษ / Name in English');
    execute (
        select string_agg(format('comment on column %I.place.%I is %L', target_schema, column_name,
                                 title_th || ' / ' || title_en), '; ')
        from meta.standard_column
        where column_name in ('feature_id', 'district_code', 'subdistrict_code', 'location_precision', 'source_id', 'geom')
    );
end $$;

-- A layer that the map no longer declares is not shown to the public any more.
create or replace procedure meta.withdraw_undeclared()
language plpgsql as $$
declare
    layer_name text;
begin
    for layer_name in select layer_id from meta.layer where not declared loop
        execute format('drop view if exists web.%I', layer_name);
    end loop;
end $$;
