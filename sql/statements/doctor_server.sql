select current_setting('server_version') as version,
       cast(current_setting('server_version_num') as integer) / 10000 as major,
       clock_timestamp() as clock
