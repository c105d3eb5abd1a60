insert into meta.migration (name, sha256) values (:name, :sha256)
