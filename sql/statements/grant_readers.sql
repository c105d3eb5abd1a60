call meta.grant_readers()
