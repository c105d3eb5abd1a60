-- What planners call. Who calls a function that is a part of their question has its rights of their own; one that
-- reads what they may not read says no more than what was published.

-- The release of a time. After a clock was set back, a release may stand ahead of it: for now and later, it
-- is the last.
create or replace function onemap.release_at(at timestamptz) returns integer
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(max(release), 0) from meta.release
    where published_at <= at or (at >= now() and published_at > clock_timestamp())
$$;
comment on function onemap.release_at(timestamptz) is
    'รุ่นที่เผยแพร่อยู่ ณ เวลานั้น (0 คือก่อนรุ่นแรก) / The release that was published at that time (0: before the first one)';

-- What changed for planners between two releases of a layer; columns that they may not see say nothing. Its
-- work grows with the changes, not with the layer.
create or replace function onemap.changes(layer text, from_release integer, to_release integer)
returns table (feature_id uuid, kind text, columns text[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    published integer := (select p.release from meta.pointer p);
begin
    if not exists (select from meta.layer l where l.layer_id = layer) then
        raise exception 'ไม่มีชั้นข้อมูล "%" / There is no layer "%"', layer, layer
            using errcode = 'invalid_parameter_value', hint = 'select distinct layer_id from onemap.layer_status';
    end if;
    if (from_release between 0 and published and to_release between 0 and published) is not true then
        raise exception 'รุ่นที่เปรียบเทียบต้องอยู่ระหว่าง 0 ถึง % / Releases to compare lie between 0 and %', published, published
            using errcode = 'invalid_parameter_value', hint = 'select release, published_at from onemap.release';
    end if;
    return query
        select d.feature_id, d.change, d.columns
        from meta.release_diff(layer, from_release, to_release, array['public', 'internal']) d;
end $$;
comment on function onemap.changes(text, integer, integer) is
    'สิ่งที่เปลี่ยนระหว่างสองรุ่น: added เพิ่ม, changed เปลี่ยน (พร้อมช่องข้อมูลที่เปลี่ยน), removed หายไป / What changed between two releases: added, changed (with the columns that did), removed';

-- A box in degrees that holds all within so many metres of a shape, for the index on `geom`. A degree of
-- latitude has at least 110,574 m (WGS 84, at the equator), one of longitude at least that times the cosine of the
-- latitude; so no box is too small. The 100 m are for edges: between its ends, one of 100 km bows so much
-- towards the pole on the globe, where distances are measured, and is straight in the index. A box that would
-- pass a pole or the 180th meridian goes round the earth.
create or replace function onemap.around(centre geometry, metres double precision) returns geometry
language plpgsql immutable strict parallel safe set search_path from current as $$
declare
    high double precision := (metres + 100) / 110574;
    wide double precision;
    farthest double precision := greatest(abs(st_ymin(centre)), abs(st_ymax(centre)));
begin
    if st_srid(centre) <> 4326 or farthest > 90 or st_xmin(centre) < -180 or st_xmax(centre) > 180 then
        raise exception 'ตำแหน่งต้องเป็นลองจิจูด ละติจูด ใน EPSG:4326 / The place has to be longitude and latitude in EPSG:4326'
            using errcode = 'invalid_parameter_value', hint = 'st_point(100.5018, 13.7563, 4326)';
    end if;
    if metres < 0 or metres = 'NaN' then
        raise exception 'ระยะทางต้องไม่ติดลบ / The distance has to be 0 m or more'
            using errcode = 'invalid_parameter_value';
    end if;
    wide := case when farthest + high < 89 then high / cosd(farthest + high) else 360 end;
    if st_xmin(centre) - wide < -180 or st_xmax(centre) + wide > 180 then
        wide := 360;
    end if;
    return st_makeenvelope(
        st_xmin(centre) - wide, st_ymin(centre) - high, st_xmax(centre) + wide, st_ymax(centre) + high, 4326);
end $$;
comment on function onemap.around(geometry, double precision) is
    'กรอบองศาที่ครอบทุกสิ่งในระยะเมตรที่กำหนด / A box in degrees that holds all within so many metres';

-- The exact test. Its cost is what it takes, 3 us for two points; PostGIS says a hundred times as much of its own,
-- and the planner starts other processes for some hundred rows, which takes longer than all of them.
create or replace function onemap.within_exactly(geom geometry, centre geometry, metres double precision)
returns boolean
language plpgsql immutable parallel safe cost 100 set search_path from current as $$
begin
    return st_dwithin(geom::geography, centre::geography, metres);
end $$;
comment on function onemap.within_exactly(geometry, geometry, double precision) is
    'อยู่ในระยะกี่เมตร วัดบนทรงรี WGS 84 โดยไม่ใช้ดัชนี / Within so many metres, measured on the ellipsoid (WGS 84), by no index';

-- Becomes a part of the question, so that the index on `geom` answers it; then metres on the ellipsoid decide.
create or replace function onemap.within(geom geometry, centre geometry, metres double precision)
returns boolean
language sql immutable parallel safe
return geom && onemap.around(centre, metres) and onemap.within_exactly(geom, centre, metres);
comment on function onemap.within(geometry, geometry, double precision) is
    'อยู่ในระยะกี่เมตร วัดบนทรงรี WGS 84 และใช้ดัชนีของ geom / Within so many metres, measured on the ellipsoid (WGS 84), by the index on geom';
