"""The second readers: what was built is opened again, and held against the database."""
