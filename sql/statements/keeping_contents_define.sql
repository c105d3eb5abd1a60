-- Rows and hash of each table that is kept: sums of the halves of each row's MD5, so that the order of
-- rows says nothing and nothing has to be sorted. It finds what is lost or altered by accident. Leases are
-- of sessions, which nothing outlives; staging holds rows on their way. For this session alone, because the
-- database may be that of an earlier version.
create or replace function pg_temp.contents() returns table (name text, rows bigint, hash text)
language plpgsql as $$
declare
    kept regclass;
begin
    for kept in
        select c.oid from pg_class c
        where c.relnamespace::regnamespace::text in ('meta', 'core') and c.relkind = 'r'
          and c.oid <> 'meta.lease'::regclass
        order by c.relnamespace::regnamespace::text, c.relname
    loop
        return query execute format($sql$
            select %L, count(*), concat_ws(
                ':', sum(('x' || left(m, 16))::bit(64)::bigint), sum(('x' || right(m, 16))::bit(64)::bigint))
            from (select md5(t::text) as m from %s t) hashed
            $sql$, format('%I.%I', (select relnamespace::regnamespace from pg_class where oid = kept),
                          (select relname from pg_class where oid = kept)), kept);
    end loop;
end $$;
