select name, rows, hash from pg_temp.contents()
