"""Opens a job: declarations, database and drops of one map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from flows.job import Job, Progress
from geo.cluster import ensure_database
from geo.database import open_engine
from geo.errors import DropsMissing
from geo.issues import IssueCatalogue
from geo.settings import Settings
from schemas.catalog import Catalog, MapView, load_catalog


def open_job(
    settings: Settings,
    map_id: str,
    drops: Path | None = None,
    progress: Progress = lambda _: None,
) -> Job:
    """Everything a refresh needs; starts the private cluster where no other database is set.

    The embedded sample makes its own drops when none are given. Raises UnknownMapError,
    DeclarationError, DropsMissing, and what `geo.cluster` raises.
    """
    catalog = load_catalog()
    found = _drops(settings, catalog.map_view(map_id), drops, progress)
    return replace(_job(settings, catalog, map_id, progress), drops=found)


def open_review(settings: Settings, map_id: str, progress: Progress = lambda _: None) -> Job:
    """A job without drops: for looking at a map, deciding about it, and publishing it."""
    return _job(settings, load_catalog(), map_id, progress)


def _job(settings: Settings, catalog: Catalog, map_id: str, progress: Progress) -> Job:
    view = catalog.map_view(map_id)
    engine = open_engine(ensure_database(settings, map_id))
    return Job(settings, view, IssueCatalogue(catalog.issue_codes), engine, None, progress)


def _drops(
    settings: Settings, view: MapView, given: Path | None, progress: Progress
) -> Path | None:
    if given is not None:
        if not given.is_dir():
            raise DropsMissing(given)
        return given
    if view.map.sample:
        from samples import ensure_drops

        progress("sample city: make its drops")
        return ensure_drops(settings.drops / view.map.id)
    remembered = settings.drops / view.map.id
    return remembered if remembered.is_dir() else None
