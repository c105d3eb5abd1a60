"""A map as it is at one moment, into a folder: its database, its deliveries and its releases.

Runs go on meanwhile. First one transaction looks at the database, and pg_dump sees what it sees;
then come the files that this state refers to. They are there, and stay as they are: a delivery is
stored before its run is written down, a release is whole before the pointer moves, and neither is
changed afterwards. Only a prune takes files away, and waits for the backup.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flows.job import Progress
from flows.keeping.archive import Archive, Damaged, Unfinished, finish, unfinished
from flows.keeping.opening import open_existing
from geo.errors import ConfigurationError
from geo.publishing.named import MANIFEST, named_files
from geo.settings import Settings
from geo.snapshot import manifest_path, reopen
from geo.store.keeping import Moment, alone, frozen, server_major, settled
from server import dumping
from server.cluster import database_url


@dataclass(frozen=True)
class Backup:
    """What was kept; `missing` names deliveries and old releases that were no longer whole."""

    archive: Archive
    linked: int
    missing: tuple[str, ...]
    seconds: float


def backup(
    settings: Settings, map_id: str, folder: Path, progress: Progress = lambda _: None
) -> Backup:
    """Writes a whole backup of a map to `folder`, which must not be there yet.

    Raises ConfigurationError if the folder is there or cannot be written, or if the current release
    is not whole; DumpFailed, MissingProgram, DatabaseBusy and DatabaseUnreachable. Then there is no
    such folder.
    """
    started = time.monotonic()
    engine = open_existing(settings, map_id)
    folder = folder.absolute()
    with alone(engine), unfinished(folder, map_id) as place:
        progress("database")
        with settled(engine), frozen(engine) as moment:
            tools = dumping.programs(server_major(engine))
            url = database_url(settings, map_id)
            for dumped in dumping.dump(url, moment.snapshot, place.folder, tools):
                place.own(dumped)
        progress(f"{len(moment.deliveries):,} deliveries")
        missing = _keep_deliveries(place, settings.snapshots, moment)
        progress(f"{len(moment.releases):,} releases")
        missing += _keep_releases(place, settings.releases / moment.map_id, moment)
        archive = finish(place, folder, _said(moment, tools, missing))
    return Backup(archive, place.linked, tuple(missing), time.monotonic() - started)


def _keep_deliveries(place: Unfinished, store: Path, moment: Moment) -> list[str]:
    """Keeps each delivery; answers those that are no longer whole."""
    missing = []
    for source, sha256 in moment.deliveries:
        try:
            _keep_delivery(place, store, source, sha256)
        except (ConfigurationError, FileNotFoundError, Damaged, ValueError, KeyError):
            missing.append(f"delivery {sha256} of {source}")
    return missing


def _keep_delivery(place: Unfinished, store: Path, source: str, sha256: str) -> None:
    for file in reopen(source, sha256, store).files:
        name = f"snapshots/{file.path.relative_to(store).as_posix()}"
        if name not in place.files:
            place.add(name, file.path, file.sha256)
    manifest = manifest_path(store, source, sha256)
    place.add(f"snapshots/{manifest.relative_to(store).as_posix()}", manifest)


def _keep_releases(place: Unfinished, home: Path, moment: Moment) -> list[str]:
    """Keeps each release; answers old ones that are no longer whole. The current one must be."""
    missing = []
    for number, manifest in moment.releases.items():
        try:
            _keep_release(place, home / str(number), manifest)
        except (FileNotFoundError, Damaged, ValueError) as error:
            if number == moment.current:
                raise ConfigurationError(
                    f"release {number}, which readers follow, is not whole in {home} ({error}); "
                    "nothing was kept"
                ) from error
            place.drop(f"releases/{number}")
            missing.append(f"release {number}")
    return missing


def _keep_release(place: Unfinished, folder: Path, manifest: Mapping[str, Any]) -> None:
    """Every file that the database says this release has, and nothing else of its folder."""
    name = f"releases/{folder.name}"
    if json.loads((folder / MANIFEST).read_text("utf-8")) != manifest:
        raise Damaged(f"{name}/{MANIFEST}")
    place.add(f"{name}/{MANIFEST}", folder / MANIFEST)
    for file in named_files(manifest):
        place.add(f"{name}/{file.path}", folder / file.path, file.sha256)


def _said(moment: Moment, tools: dumping.Programs, missing: list[str]) -> dict[str, Any]:
    return {
        "map": moment.map_id,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "onemap": version("city-onemap"),
        "server": moment.server,
        "programs": tools.major,
        "database": moment.database_id,
        "current": moment.current,
        "tables": {
            name: {"rows": found.rows, "hash": found.hash} for name, found in moment.tables.items()
        },
        "missing": missing,
    }
