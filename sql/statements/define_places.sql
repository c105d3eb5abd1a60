call meta.define_places(:schema)
