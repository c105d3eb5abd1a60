-- A source that the map no longer declares ends with the coming release. Its history stays; were it
-- declared again, its bytes would be read again.
create or replace function meta.end_undeclared(layer_name text, target integer) returns bigint
language plpgsql as $$
declare
    ended bigint;
begin
    execute format($sql$
        delete from core.%I l
        where l.release_from = $1
          and not exists (
              select from meta.source s
              where s.source_id = l.source_id and s.layer_id = $2 and s.declared
          )
        $sql$, layer_name) using target, layer_name;
    execute format($sql$
        update core.%I l set release_to = $1
        where l.release_to is null
          and not exists (
              select from meta.source s
              where s.source_id = l.source_id and s.layer_id = $2 and s.declared
          )
        $sql$, layer_name) using target, layer_name;
    get diagnostics ended = row_count;
    update meta.run r set declaration_sha256 = null
    where r.layer_id = layer_name and r.declaration_sha256 is not null
      and not exists (
          select from meta.source s
          where s.source_id = r.source_id and s.layer_id = layer_name and s.declared
      );
    return ended;
end $$;
