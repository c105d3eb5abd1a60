-- What of the database decides how a layer's rows become products: its programs, and which columns it holds
-- public.
select postgis_full_version() as postgis, current_setting('server_version') as server,
       array(
           select column_name from meta.layer_column
           where layer_id = :layer and privacy = 'public' order by column_name
       ) as columns
