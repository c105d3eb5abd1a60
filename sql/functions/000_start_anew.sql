-- Functions are source code, not history: the old ones go, whatever their signatures were. Nothing
-- depends on them (views read tables alone), and it is all one transaction.
do $$
declare
    routine regprocedure;
begin
    for routine in select oid from pg_proc where pronamespace = 'meta'::regnamespace loop
        execute format('drop routine %s', routine);
    end loop;
end $$;
