-- Also applied as fa239afbbd9d77fa38c5397486d2ab54bb6cfe170ba8e416fe134c1a0ce49103
-- (which shut everybody out of schema `public`: not ours to do in a database of somebody else's).
--
-- The schemas say the stage that data is in.
create schema if not exists meta;
create schema staging;
create schema core;
create schema onemap;
create schema web;

comment on schema meta is 'ทะเบียน: การประกาศ การนำเข้า ปัญหา และรุ่นที่เผยแพร่ / Registers: declarations, runs, issues and releases';
comment on schema staging is 'ที่พักข้อมูลระหว่างการนำเข้า / Rows on their way into core, emptied at each load';
comment on schema core is 'ประวัติทุกรุ่นของทุกชั้นข้อมูล / Every version of every feature, by release';
comment on schema onemap is 'สิ่งที่นักวางแผนใช้ / What planners read: the current release';
comment on schema web is 'สิ่งที่สาธารณะเห็น / What the public sees: public columns of the current release';
