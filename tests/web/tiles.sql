-- One tile of the whole map, read as the public role sees it. Layers without a feature add nothing.
select string_agg(part, ''::bytea) from (
    {parts}
) layers
