delete from meta.lease where token = :token
