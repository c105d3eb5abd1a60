create or replace view web.release as
select r.release, r.published_at from meta.release r join meta.pointer p using (release);
comment on view web.release is 'รุ่นปัจจุบัน / The current release';
comment on column web.release.release is 'เลขรุ่น / Release number';
comment on column web.release.published_at is 'เวลาเผยแพร่ / When it was published';
