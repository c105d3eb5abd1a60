"""Opens a job: declarations, database and drops of one map. Imports no step: they are slow to."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from flows.engine import step
from flows.job import Job, Progress
from geo.errors import ConfigurationError, DropsMissing
from geo.settings import Settings
from geo.store.database import open_engine
from geo.store.declare import prepare as prepare_database
from schemas.catalogue import Catalogue, MapView, load_catalogue
from schemas.errors import DeclarationError
from schemas.lint import lint_map
from server.cluster import ensure_database
from server.postgres import make_passable


def open_job(
    settings: Settings,
    map_id: str,
    drops: Path | None = None,
    progress: Progress = lambda _: None,
) -> Job:
    """Everything a refresh needs; starts the private cluster where no other database is set.

    `drops` are those of this call; without them, the embedded sample makes its own, and other
    maps have theirs where the settings say. Raises UnknownMapError, DeclarationError,
    DropsMissing, ConfigurationError, and what `server.cluster` raises.
    """
    catalogue, view = _sound(map_id)
    _require_home(settings.home)
    found = _drops(settings, view, drops, progress)
    return replace(_job(settings, catalogue, view, progress), drops=found)


def open_review(settings: Settings, map_id: str, progress: Progress = lambda _: None) -> Job:
    """A job without drops: for looking at a map, deciding about it, and publishing it."""
    catalogue, view = _sound(map_id)
    _require_home(settings.home)
    return _job(settings, catalogue, view, progress)


def prepare(job: Job) -> None:
    """Brings the database to the declarations of the map."""
    step(f"prepare {job.view.map.id}", prepare_database, job.engine, job.view)


def _sound(map_id: str) -> tuple[Catalogue, MapView]:
    """The declarations of a map. What lint refuses does not run."""
    catalogue = load_catalogue()
    if findings := lint_map(catalogue, map_id):
        raise DeclarationError(findings)
    return catalogue, catalogue.map_view(map_id)


def _job(settings: Settings, catalogue: Catalogue, view: MapView, progress: Progress) -> Job:
    engine = open_engine(ensure_database(settings, view.map.id))
    return Job(settings, view, catalogue.issue_codes, engine, None, progress)


def _drops(
    settings: Settings, view: MapView, given: Path | None, progress: Progress
) -> Path | None:
    if given is None and view.map.sample:
        from samples import ensure_drops

        progress("sample city: make its drops")
        return ensure_drops(settings.drops / view.map.id)
    folder = given or settings.drops_of(view.map.id)
    if folder.is_dir():
        return folder
    if given is not None or any(_lies_in_drops(source.location) for source in view.sources):
        raise DropsMissing(folder)
    return None


def has_deliveries(settings: Settings, view: MapView) -> bool:
    """Whether there is anything to look at: the map's own drops folder, or services alone.

    A folder that several maps might share is a map's where a file of the map lies in it.
    """
    locations = [one.location for one in view.sources if _lies_in_drops(one.location)]
    folder = settings.drops_of(view.map.id)
    if view.map.sample or not locations:
        return True
    if folder.name == view.map.id:
        return folder.is_dir()
    relative = (location for location in locations if not Path(location).is_absolute())
    return any(any(folder.glob(location)) for location in relative)


def _lies_in_drops(location: str) -> bool:
    return urlsplit(location).scheme not in ("http", "https")


def _require_home(home: Path) -> None:
    """The state folder is made, and can be written: deliveries and releases are kept there."""
    make_passable(home)
    try:
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        raise ConfigurationError(
            f"the folder {home} cannot be written ({error.strerror}); set ONEMAP_HOME to a folder "
            "that you may write"
        ) from error
