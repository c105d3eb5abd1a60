-- A place without a position is *at an area*; *held* is said of deliveries alone. Views keep the names
-- that their columns had, so they are renamed with their table; what planners built upon them stays.
alter table meta.run rename column rows_held to rows_at_area;
alter view if exists meta.latest_run rename column rows_held to rows_at_area;
alter view if exists meta.latest_accepted_run rename column rows_held to rows_at_area;
alter view if exists onemap.layer_status rename column rows_held to rows_at_area;
