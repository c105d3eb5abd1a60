select meta.copy_of_public_rows(:layer, :target, cast(:columns as text[]), cast(:written as jsonb))
