-- Rows of the coming release, for the products that are built from them. The web's views show what is
-- published; these show what a publication is about to publish. Only named columns that are public
-- leave: a column that is not in the database's register, or not public there, is passed over.
-- `written` gives other names to those that the product's format keeps for itself.

create or replace function meta.public_columns(layer_name text, wanted text[], written jsonb default '{}')
returns text
language sql stable as $$
    select coalesce(
        string_agg(
            format(', l.%I as %I', column_name, coalesce(written ->> column_name, column_name)), ''
            order by position
        ), '')
    from meta.layer_column
    where layer_id = layer_name and privacy = 'public' and column_name = any (wanted)
$$;
