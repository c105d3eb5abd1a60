select meta.open_public_features(:layer, :target, cast(:columns as text[]), cast(:written as jsonb))
