"""Publish: everything that readers use is built beside the current release, then one row moves.

A release is a folder `<map>/<n>`. It is built in `<map>/.building-<n>` from one snapshot of the
database, read again by second readers, and renamed in the transaction that moves the pointer.
What did not change since the current release is not built again: both share its files.
Killed at any instant, readers have the old release or the new one, whole; what is left over is
removed by the next publication.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from geo.errors import ConfigurationError, DatabaseBusy
from geo.publishing.durable import sync, sync_tree
from geo.publishing.manifest import FORMAT, write_manifest
from geo.publishing.previous import Previous
from geo.publishing.publication import Publication
from geo.store import lease
from geo.store.database import run, transaction
from schemas.catalogue import MapView

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Release:
    """A published release: its number, its folder, and what it says of itself."""

    number: int
    folder: Path
    manifest: dict[str, Any]


def publish(
    engine: Engine,
    token: UUID,
    view: MapView,
    *,
    releases_folder: Path,
    progress: Progress | None = None,
) -> Release | None:
    """Publishes what the loads prepared, as `releases_folder/<map>/<n>`; None if nothing changed.

    A title, a style or a licence that was declared anew is a change, too, and so is a new format of
    the products. What came from sources
    that are no longer declared ends with the release. `published_at` is the moment when the pointer
    moves, by the database's clock, and always later than that of the release before.

    `token` is that of a lease on all layers. `progress` is told in a few words what is being done.
    Raises LeaseLost if another run took over meanwhile, DatabaseBusy if the map was declared anew
    meanwhile, ConfigurationError if the folder holds releases of another database, and
    ReleaseUnverified if a product does not read back as it was written; in each case the last
    release stays up, and nothing has ended.
    """
    tell = progress or (lambda words: None)
    names = [layer.id for layer in view.layers]
    home = releases_folder / view.map.id
    home.mkdir(parents=True, exist_ok=True)
    with transaction(engine) as connection:
        lease.check(connection, names, token)
        coming = run(connection, "publish_target").one()
        target: int = coming.target
        _remove_left_overs(home, target, coming.database_id)
    publication = Publication(view, target, coming.database_id)
    followed = (coming.declarations, coming.format)
    stale = target > 1 and followed != (publication.declarations_sha256, FORMAT)
    if not coming.changes and not stale:
        return None
    from geo.publishing.build import build_release  # GDAL, where there is something to write

    building = home / f".building-{target}"
    try:
        previous = Previous(home / str(target - 1), coming.manifest) if coming.manifest else None
        manifest = build_release(engine, publication, previous, building, tell)
        tell(f"release {target}: move the pointer")
        sync_tree(building)
        with transaction(engine) as connection:
            # The leases stay locked until the commit: nobody else can be about to publish.
            lease.check(connection, names, token)
            moment = run(connection, "publish_moment").one()
            if moment.setup != coming.setup:
                raise DatabaseBusy("the map was declared anew meanwhile")
            manifest = write_manifest(building, manifest, moment.at)
            building.rename(home / str(target))
            sync(home)
            run(connection, "end_undeclared", target=target)
            run(connection, "publish_release", target=target, at=moment.at, manifest=manifest)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return Release(target, home / str(target), manifest)


def _remove_left_overs(home: Path, target: int, database_id: str) -> None:
    """What a killed publication built: no reader was ever sent there.

    A release of another database is somebody's map, and stays.
    """
    manifest = home / str(target) / "manifest.json"
    if manifest.is_file() and json.loads(manifest.read_text("utf-8"))["database"] != database_id:
        raise ConfigurationError(
            f"{manifest.parent} is a release of another database; move {home} away, or set "
            "ONEMAP_HOME to another folder"
        )
    for folder in [*home.glob(".building-*"), home / str(target)]:
        if folder.exists():
            shutil.rmtree(folder)
