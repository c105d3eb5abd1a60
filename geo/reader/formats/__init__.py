"""One module per format: bytes to columns, each with an independent count."""
