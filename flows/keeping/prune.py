"""What a map can do without, by its declared retention (schemas/maps/*.yaml), and its removal.

Rows of runs, releases and history stay, for `as_of` and decisions refer to them; they say that
their files or details went. That is written first: whoever is killed afterwards leaves files that
nobody needs, which the next prune finds.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row

from flows.job import LEASE_WAIT_SECONDS, Job
from flows.keeping.in_use import emptying
from flows.keeping.store import DAY_SECONDS, Delivery, deliveries, is_old, unneeded
from geo.store import keeping, lease
from geo.store.database import connect, run, transaction
from schemas.catalogue import load_catalogue

PRUNED: Final = ".pruned-"
"""Beginning of the name that a release's folder has while it is deleted."""


@dataclass(frozen=True)
class Plan:
    """What goes: releases' files by number, deliveries, and runs' details (`rows` in all).

    `files` are all that is deleted for it, with the bytes that this frees: none of a file that a
    release which stays has as well.
    """

    releases: tuple[int, ...]
    deliveries: tuple[Delivery, ...]
    runs: tuple[int, ...]
    rows: int
    files: dict[Path, int]

    @property
    def size(self) -> int:
        """Bytes of the files."""
        return sum(self.files.values())

    @property
    def is_empty(self) -> bool:
        """Nothing goes."""
        return not (self.releases or self.deliveries or self.runs or self.files)


def plan(job: Job) -> Plan:
    """What may go now; nothing is written."""
    rules, store = job.view.map.retention, job.settings.snapshots
    with connect(job.engine) as connection:
        releases = run(
            connection, "prune_releases", least=rules.releases, days=rules.release_days
        ).all()
        kept = [row.release for row in releases if row.kept]
        days = {"snapshot_days": rules.snapshots, "run_days": rules.runs}
        runs = run(connection, "prune_runs", kept=kept, **days).all()
        old = [row.run_id for row in runs if not _details_stay(row)]
        rows = run(connection, "prune_rows", runs=old).scalar_one()
    folders = {row.release: _home(job) / str(row.release) for row in releases if not row.kept}
    unmarked = {row.release for row in releases if not (row.kept or row.pruned)}
    going = _going(job, runs)
    found = deliveries(store)
    files = [
        *_files_below([*folders.values(), *_home(job).glob(f"{PRUNED}*")]),
        *(found[delivery] for delivery in going if delivery in found),
        *unneeded(store, going),
    ]
    return Plan(
        releases=tuple(n for n, folder in folders.items() if n in unmarked or folder.is_dir()),
        deliveries=tuple(going),
        runs=tuple(old),
        rows=rows,
        files=_freed(files),
    )


def prune(job: Job, agreed: Plan) -> Plan:
    """Removes what was agreed upon and may still go; returns what went.

    No run, publication, decision, backup or other prune is at work meanwhile. Raises StoreBusy,
    LeaseHeld and DatabaseBusy if one of them does not end; then nothing has gone.
    """
    with _alone(job) as token:
        going = _still(agreed, plan(job))
        _write_down(job, token, going)
        _remove(job, going)
    return going


@contextmanager
def _alone(job: Job) -> Iterator[UUID]:
    """In the order in which runs take the same locks."""
    wait = LEASE_WAIT_SECONDS
    with (
        keeping.alone(job.engine),
        emptying(job.settings.snapshots, wait_seconds=wait),
        lease.hold(job.engine, _layers(job), wait_seconds=wait) as token,
    ):
        yield token


def _still(agreed: Plan, now: Plan) -> Plan:
    """What is in both: nothing goes that nobody was shown, and nothing that is needed by now."""
    return Plan(
        releases=tuple(number for number in agreed.releases if number in now.releases),
        deliveries=tuple(one for one in agreed.deliveries if one in now.deliveries),
        runs=tuple(number for number in agreed.runs if number in now.runs),
        rows=min(agreed.rows, now.rows),
        files={path: size for path, size in now.files.items() if path in agreed.files},
    )


def _write_down(job: Job, token: UUID, going: Plan) -> None:
    with transaction(job.engine) as connection:
        lease.check(connection, _layers(job), token)
        run(connection, "prune_details", runs=list(going.runs))
        run(connection, "prune_files", releases=list(going.releases))
        run(
            connection,
            "prune_deliveries",
            sources=[delivery.source_id for delivery in going.deliveries],
            hashes=[delivery.sha256 for delivery in going.deliveries],
        )


def _remove(job: Job, going: Plan) -> None:
    """A release's folder loses its name first, so that nobody is sent to half of one."""
    home = _home(job)
    for left in home.glob(f"{PRUNED}*"):
        shutil.rmtree(left)
    for folder in (home / str(number) for number in going.releases):
        if folder.is_dir():
            gone = folder.rename(home / f"{PRUNED}{folder.name}")
            shutil.rmtree(gone)
    for path in going.files:  # what a delivery consists of before its bytes
        path.unlink(missing_ok=True)


def _going(job: Job, runs: Sequence[Row[Any]]) -> list[Delivery]:
    """Deliveries that no run needs any more, and those that never became one and are as old.

    Those of sources that other maps take as well stay: other databases may need them.
    """
    of_runs = [(Delivery(row.source_id, row.snapshot_sha256), row) for row in runs]
    needed = {one for one, row in of_runs if _delivery_stays(row)}
    found = deliveries(job.settings.snapshots)
    unmarked = {one for one, row in of_runs if one.sha256 and not row.snapshot_pruned}
    known = {one for one, _ in of_runs}
    ours = {source.id for source in job.view.sources}
    seconds = job.view.map.retention.snapshots * DAY_SECONDS
    strays = {
        one
        for one, path in found.items()
        if one not in known and one.source_id in ours and is_old(path, seconds)
    }
    going = (unmarked | (known & found.keys()) | strays) - needed
    others = _sources_of_other_maps(job.view.map.id)
    return sorted(one for one in going if one.source_id not in others)


def _delivery_stays(row: Row[Any]) -> bool:
    return not row.snapshot_pruned and (row.needed or row.delivered_lately)


def _details_stay(row: Row[Any]) -> bool:
    return bool(row.needed or row.ran_lately or row.details_pruned)


def _sources_of_other_maps(map_id: str) -> set[str]:
    maps = load_catalogue().maps.values()
    return {source for one in maps if one.id != map_id for source in one.sources}


def _files_below(folders: Iterable[Path]) -> list[Path]:
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def _freed(paths: Sequence[Path]) -> dict[Path, int]:
    """What each frees: a file is there until its last name goes, and then it is counted once."""
    found = {path: path.stat() for path in paths}
    names_left = {(stat.st_dev, stat.st_ino): stat.st_nlink for stat in found.values()}
    freed = {}
    for path, stat in found.items():
        names_left[stat.st_dev, stat.st_ino] -= 1
        freed[path] = 0 if names_left[stat.st_dev, stat.st_ino] else stat.st_size
    return freed


def _home(job: Job) -> Path:
    return job.settings.releases / job.view.map.id


def _layers(job: Job) -> list[str]:
    return [layer.id for layer in job.view.layers]
