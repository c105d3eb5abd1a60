-- That a source is late is told once, and again when it is late anew; null while it is not.
alter table meta.source add column late_told_at timestamptz;
