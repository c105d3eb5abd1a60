-- What readers' objects are made of, so that only what differs is made anew: each change of a view locks
-- out everybody who reads it.
create table meta.definition (
    name text primary key,
    definition text not null
);
comment on table meta.definition is 'นิยามของวิวและฟังก์ชันที่สร้างไว้ / Definitions of the views and functions that were made';

-- A run's rows are on the map from its target release until a newer run's, or until they ended because
-- their source was no longer declared.
alter table meta.run add column ended_release integer;
