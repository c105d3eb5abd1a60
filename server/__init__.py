"""The private PostgreSQL cluster of the embedded default. No geography in it."""
