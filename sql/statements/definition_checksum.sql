select definition from meta.definition where name = :name
