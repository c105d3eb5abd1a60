"""How a command opens the map that it reads or decides about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.job import Job


def open_map(map_id: str) -> Job:
    """The map's database as a refresh leaves it, also where none has run yet."""
    from flows.opening import open_review, prepare
    from geo.settings import from_environment

    job = open_review(from_environment(), map_id)
    prepare(job)
    return job


def require_source(job: Job, source_id: str) -> None:
    """Raises NotThere, naming the map's sources, for one that is none and never was."""
    from geo.errors import NotThere
    from geo.store.reading import knows_source

    if not knows_source(job.engine, source_id):
        known = ", ".join(source.id for source in job.view.sources)
        raise NotThere(f"source {source_id}", f"map {job.view.map.id} has {known}")
