insert into meta.upgrade (decided_by, decided_reason) values (:by, :reason) returning upgrade_id
