select p.release, r.manifest from meta.pointer p left join meta.release r using (release)
