-- That a source is late is told once, and again when it is late anew.
alter table meta.source add column late_told_at timestamptz;
comment on column meta.source.late_told_at is
'เวลาที่แจ้งว่าเลยกำหนด / When it was told that new content is overdue; null while it is not';
