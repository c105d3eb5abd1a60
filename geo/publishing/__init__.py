"""Products of a release, each built by a pure function or one query."""
