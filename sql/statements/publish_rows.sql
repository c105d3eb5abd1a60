select meta.open_public_rows(:layer, :target, cast(:columns as text[]))
