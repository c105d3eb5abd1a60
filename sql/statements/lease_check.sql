select count(*) from (
    select from meta.lease
    where layer_id = any (cast(:layers as text[])) and token = :token
    for share
) held
