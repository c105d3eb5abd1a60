-- What is declared in schemas/*.yaml, copied here so that SQL can answer questions about it.
create table meta.map (
    map_id text primary key,
    title_th text not null,
    title_en text not null,
    notice_th text,
    notice_en text,
    sample boolean not null,
    west double precision not null,
    south double precision not null,
    east double precision not null,
    north double precision not null,
    setup_sha256 text not null
);
-- One map is one database.
create unique index map_is_one on meta.map ((true));

create table meta.agency (
    agency_id text primary key,
    title_th text not null,
    title_en text not null,
    licence_th text not null,
    licence_en text not null,
    url text,
    contact_role_th text not null,
    contact_role_en text not null
);

create table meta.layer (
    layer_id text primary key,
    title_th text not null,
    title_en text not null,
    description_th text not null,
    description_en text not null,
    role text not null check (role in ('district', 'subdistrict', 'place', 'area')),
    geometry text not null check (geometry in ('point', 'line', 'polygon')),
    style jsonb not null,
    sort_order integer not null,
    declared boolean not null
);

create table meta.layer_column (
    layer_id text not null references meta.layer,
    column_name text not null,
    position integer not null,
    type text not null,
    title_th text not null,
    title_en text not null,
    description_th text,
    description_en text,
    unit text,
    privacy text not null check (privacy in ('public', 'internal', 'personal')),
    in_tiles boolean not null,
    primary key (layer_id, column_name)
);

create table meta.source (
    source_id text primary key,
    layer_id text not null references meta.layer,
    agency_id text not null references meta.agency,
    title_th text not null,
    title_en text not null,
    as_of date,
    promise_days integer,
    declared boolean not null
);

create table meta.standard_column (
    column_name text primary key,
    title_th text not null,
    title_en text not null
);
insert into meta.standard_column (column_name, title_th, title_en) values
    ('feature_id', 'รหัสประจำตัวที่คงอยู่ข้ามรุ่น', 'Identity that stays from release to release'),
    ('source_id', 'แหล่งข้อมูลที่ให้ค่านี้', 'Source that says so'),
    ('source_key', 'รหัสของหน่วยงานเจ้าของข้อมูล', 'The agency''s own key'),
    ('source_row', 'เลขแถวในแฟ้มต้นทาง', 'Row number in the agency''s file'),
    ('run_id', 'รอบการนำเข้าที่ให้ค่านี้', 'Run that brought this version'),
    ('content_hash', 'ลายนิ้วมือของเนื้อหา ใช้เปรียบเทียบรุ่น', 'Fingerprint of the content, for comparison'),
    ('claimed_district_code', 'รหัสเขต/อำเภอตามที่หน่วยงานแจ้ง', 'District code as the agency says'),
    ('claimed_subdistrict_code', 'รหัสแขวง/ตำบลตามที่หน่วยงานแจ้ง', 'Subdistrict code as the agency says'),
    ('district_code', 'รหัสเขต/อำเภอ 4 หลัก ตามพิกัด หรือตามที่แจ้งหากไม่มีพิกัด', 'District code, 4 digits: by position, or as said where there is none'),
    ('subdistrict_code', 'รหัสแขวง/ตำบล 6 หลัก ตามพิกัด หรือตามที่แจ้งหากไม่มีพิกัด', 'Subdistrict code, 6 digits: by position, or as said where there is none'),
    ('location_precision', 'ความละเอียดของตำแหน่ง: exact มีพิกัด, subdistrict รู้เพียงแขวง/ตำบล, district รู้เพียงเขต/อำเภอ', 'Precision of the place: exact has a position; subdistrict and district are held at that area'),
    ('geom', 'รูปทรง WGS 84 (EPSG:4326) ว่างเมื่อไม่มีพิกัด', 'Geometry, WGS 84 (EPSG:4326); empty where there is no position'),
    ('release_from', 'รุ่นแรกที่มีค่านี้', 'First release that has this version'),
    ('release_to', 'รุ่นที่ค่านี้สิ้นสุด ว่างคือยังใช้อยู่', 'Release in which this version ended; empty while it lasts');
