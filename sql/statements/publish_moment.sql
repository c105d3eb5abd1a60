-- When the pointer moves, and the declarations that are in force until then.
select meta.publication_time() as at, m.setup_sha256 as setup from meta.map m for share of m
