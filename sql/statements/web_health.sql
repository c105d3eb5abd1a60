-- What monitors are told of each source; ages by the database's clock.
SELECT source_id, layer_id, outcome, holds, promise_days * 86400 promised,
       cast(extract(EPOCH FROM now() - fetched_at) AS double precision) age,
       cast(extract(EPOCH FROM now() - looked_at) AS double precision) looked
FROM web.source_health
ORDER BY source_id
