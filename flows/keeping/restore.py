"""A map back from a backup: its files first, its database in one transaction, then all compared.

Deliveries and releases are named by what they are, and are put beside what is there. Until the one
transaction commits, the map is what it was.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from flows.job import LEASE_WAIT_SECONDS, Progress
from flows.keeping.archive import Archive, Entry, copy, entry_of, open_archive
from flows.keeping.in_use import in_use
from geo.errors import ConfigurationError, RestoreDiffers
from geo.publishing.durable import sync, sync_tree
from geo.publishing.named import MANIFEST
from geo.settings import Settings
from geo.store import keeping, lease
from geo.store.database import open_engine
from server import dumping
from server.cluster import ensure_database

BUILDING: Final = ".building-"
"""Beginning of the name of a release that is not whole yet, as of one that is published."""


@dataclass(frozen=True)
class Restored:
    """What a restore brought back, equal by hash to what was kept."""

    archive: Archive
    seconds: float


def restore(
    settings: Settings,
    folder: Path,
    *,
    replace: bool = False,
    progress: Progress = lambda _: None,
) -> Restored:
    """Brings a map back from `folder` into its database and into the state folder.

    `replace`: the map that lives in the database goes, in the transaction that brings the other.
    Every file of the backup is read and compared first. Raises BackupDamaged, ConfigurationError if
    something is in the way, DumpFailed, LeaseHeld while a run is at work; in each case the map is
    what it was. RestoreDiffers if what came back is not what was kept.
    """
    started = time.monotonic()
    archive = open_archive(folder.absolute())
    progress(f"check {len(archive.files):,} files")
    archive.verify()
    map_id = str(archive.said["map"])
    url = ensure_database(settings, map_id)
    engine = open_engine(url)
    with (
        keeping.alone(engine),
        in_use(settings.snapshots),
        keeping.settled(engine),
        _sole_writer(engine, map_id, replace),
    ):
        home = settings.releases / map_id
        others = _of_another_database(home, str(archive.said["database"]))
        if others and not replace:
            raise ConfigurationError(
                f"{others[0]} is a release of another database; move {home} away, or say --replace"
            )
        progress("deliveries and releases")
        waiting = _put_files(archive, settings.snapshots, home)
        progress("database")
        tools = dumping.programs(max(archive.said["programs"], keeping.server_major(engine)))
        dumping.load(url, [archive.folder / name for name in dumping.DUMPS], tools)
        engine.dispose()  # its sessions knew the tables before
        for building in waiting:
            _name(building)
        _remove_later(home, archive)
        progress("compare")
        _compare(engine, archive, settings.snapshots, home)
    return Restored(archive, time.monotonic() - started)


@contextmanager
def _sole_writer(engine: Engine, map_id: str, replace: bool) -> Iterator[None]:
    """The database is empty, or the map in it may go and nobody writes it meanwhile."""
    in_the_way = keeping.schemas_in_the_way(engine)
    if not in_the_way:
        yield
        return
    found, layers = keeping.map_and_layers(engine)
    if found != map_id:
        raise ConfigurationError(
            f"the database has {'the map ' + found if found else ', '.join(in_the_way)} in it, and "
            f"the backup is of {map_id}; restore it into a database of its own"
        )
    if not replace:
        raise ConfigurationError(
            f"the map {map_id} lives in the database already; say --replace to put the backup there"
        )
    if views := keeping.built_upon(engine):
        raise ConfigurationError(
            f"{', '.join(views)} would go with the map that they are built upon; keep their text "
            "(`pg_dump --schema`), drop them, and restore again"
        )
    with lease.hold(engine, layers, wait_seconds=LEASE_WAIT_SECONDS):
        yield


def _put_files(archive: Archive, store: Path, home: Path) -> list[Path]:
    """Answers the releases whose names others have, which readers may be following."""
    try:
        _put_deliveries(archive, store)
        numbers = {name.split("/")[0] for name in archive.below("releases")}
        there: dict[str, Path] = {}
        made = [_put_release(archive, number, home, there) for number in sorted(numbers, key=int)]
        return [building for building in made if building]
    except OSError as error:
        raise ConfigurationError(
            f"deliveries and releases cannot be written to {store.parent} ({error.strerror})"
        ) from error


def _put_deliveries(archive: Archive, store: Path) -> None:
    """What is there already stays, if it is the same; bytes come before their manifest."""
    for name, entry in sorted(archive.below("snapshots").items()):
        target = store / name
        if not _is(target, entry):
            incoming = store / "incoming" / target.name
            _copy(archive.folder / "snapshots" / name, incoming)
            if name.startswith("blobs/"):
                incoming.chmod(0o444)
            target.parent.mkdir(parents=True, exist_ok=True)
            incoming.replace(target)
            sync(target.parent)


def _put_release(archive: Archive, number: str, home: Path, there: dict[str, Path]) -> Path | None:
    """A folder that is whole when it has its name. Where another one has that name, it waits for
    the database, and is answered. What a killed restore left is made anew, or is removed by the
    next publication. `there` are the files of other releases by sha256: what releases shared, they
    share again.
    """
    files = archive.below(f"releases/{number}")
    folder, building = home / number, home / f"{BUILDING}{number}"
    waits = None
    if not all(_is(folder / name, entry) for name, entry in files.items()):
        shutil.rmtree(building, ignore_errors=True)
        for name, entry in files.items():
            _share_or_copy(
                there.get(entry.sha256),
                archive.folder / "releases" / number / name,
                building / name,
            )
        sync_tree(building)
        waits = building if folder.exists() else None
        if not waits:
            _name(building)
    there |= {entry.sha256: (waits or folder) / name for name, entry in files.items()}
    return waits


def _name(building: Path) -> None:
    """Gives a release that is whole its name, in the place of who has it."""
    folder = building.with_name(building.name.removeprefix(BUILDING))
    shutil.rmtree(folder, ignore_errors=True)
    building.rename(folder)
    sync(folder.parent)


def _share_or_copy(known: Path | None, source: Path, target: Path) -> None:
    """One more name for a file that was put there already; where that cannot be, a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if known:
        with suppress(OSError):
            os.link(known, target)
            return
    _copy(source, target)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    copy(source, target)
    sync(target)


def _is(path: Path, entry: Entry) -> bool:
    return path.is_file() and entry_of(path) == entry


def _numbered(home: Path) -> list[Path]:
    return sorted(path for path in home.glob("*") if path.name.isdigit())


def _of_another_database(home: Path, database: str) -> list[Path]:
    return [
        folder
        for folder in _numbered(home)
        if (folder / MANIFEST).is_file()
        and json.loads((folder / MANIFEST).read_text("utf-8"))["database"] != database
    ]


def _remove_later(home: Path, archive: Archive) -> None:
    """Releases that the database does not know: later ones than the backup's, and another's."""
    gone = set(_of_another_database(home, archive.said["database"]))
    for folder in _numbered(home):
        if folder in gone or int(folder.name) > archive.said["current"]:
            shutil.rmtree(folder)


def _compare(engine: Engine, archive: Archive, store: Path, home: Path) -> None:
    """Raises RestoreDiffers if a table or a file is not what the backup says."""
    with keeping.frozen(engine) as moment:
        found = {name: table._asdict() for name, table in moment.tables.items()}
    for name in sorted(found.keys() | archive.said["tables"].keys()):
        if found.get(name) != archive.said["tables"].get(name):
            raise RestoreDiffers(f"table {name}")
    for folder, kept in ((store, "snapshots"), (home, "releases")):
        for name, entry in archive.below(kept).items():
            if not _is(folder / name, entry):
                raise RestoreDiffers(str(folder / name))
