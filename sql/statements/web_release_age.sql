-- The release that readers follow, and its age; no row before the first.
SELECT release, cast(extract(EPOCH FROM now() - published_at) AS double precision) age FROM web.release
