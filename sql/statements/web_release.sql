-- The release that readers follow: one row, or none before the first is published.
SELECT release FROM web.release
