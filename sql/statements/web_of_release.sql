-- Fails (division by zero) unless this snapshot is of that release.
SELECT 1 / count(*) FROM web.release WHERE release = :release
