"""What people are told of a run: Prefect's log, artifacts and events, and what reacts to them."""
