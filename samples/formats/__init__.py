"""Writers of the formats that agencies send: the same rows give the same bytes."""
