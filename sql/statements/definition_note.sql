call meta.note_definition(:name, :checksum)
