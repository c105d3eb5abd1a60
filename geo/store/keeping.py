"""What a map consists of at one moment: its tables by hash, and the files that they refer to."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Row

from geo.errors import ConfigurationError, DatabaseBusy
from geo.store.database import connect, run, session, transaction
from geo.store.declare import is_prepared
from geo.store.migrate import execute_script
from sql import statement

PATIENCE_SECONDS = 60.0
"""How long a backup, a restore or a prune waits for another one."""


class Contents(NamedTuple):
    """How many rows a table has, and a hash of them that does not depend on their order."""

    rows: int
    hash: str


@dataclass(frozen=True)
class Moment:
    """One state of a map's database.

    snapshot: its name, under which another session sees the same while this one lasts.
    current: the release that readers follow, 0 before the first.
    releases: manifest of each release whose files are kept, by number.
    deliveries: source and sha256 of each delivery that is kept.
    """

    map_id: str
    database_id: str
    server: str
    snapshot: str
    current: int
    releases: Mapping[int, dict[str, Any]]
    deliveries: tuple[tuple[str, str], ...]
    tables: Mapping[str, Contents]


@contextmanager
def alone(engine: Engine) -> Iterator[None]:
    """While this lasts, no other backup, restore or prune of this map is at work.

    Raises DatabaseBusy if another one does not end.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    with session(engine) as connection:
        while not run(connection, "keeping_lock").scalar_one():
            if time.monotonic() > deadline:
                raise DatabaseBusy("another backup, restore or prune of this map is at work")
            time.sleep(0.5)
        connection.commit()
        yield


@contextmanager
def settled(engine: Engine) -> Iterator[None]:
    """While this lasts, nobody migrates or declares: tables have the columns that they had.

    Waits for whoever does.
    """
    with session(engine) as connection:
        run(connection, "preparation_lock")
        connection.commit()
        yield


@contextmanager
def frozen(engine: Engine) -> Iterator[Moment]:
    """The database as it is now; others go on, and are not seen while this lasts.

    Raises ConfigurationError if no map lives in it.
    """
    with transaction(engine) as connection:
        execute_script(connection, statement("keeping_freeze"))
        snapshot = run(connection, "keeping_snapshot").scalar_one()
        found = _map(connection)
        if found is None:
            raise ConfigurationError("no map lives in this database: nothing is there to be kept")
        yield Moment(
            found.map_id,
            found.database_id,
            found.server,
            snapshot,
            found.current,
            {row.release: row.manifest for row in run(connection, "keeping_releases")},
            tuple(tuple(row) for row in run(connection, "keeping_snapshots")),
            _contents(connection),
        )


def server_major(engine: Engine) -> int:
    """The version of the database's server: 15, 16, ..."""
    with connect(engine) as connection:
        version = connection.dialect.server_version_info
    assert version is not None, "it is known once somebody has connected"
    return int(version[0])


def current_release(engine: Engine) -> tuple[int, dict[str, Any] | None]:
    """The release that readers follow and its manifest; 0 and None before the first."""
    with connect(engine) as connection:
        if not is_prepared(connection):
            return 0, None
        found = run(connection, "keeping_current").one()
        return found.release, found.manifest


def schemas_in_the_way(engine: Engine) -> list[str]:
    """Schemas of a map's names that are in the database already."""
    with connect(engine) as connection:
        return list(run(connection, "keeping_schemas").scalars())


def built_upon(engine: Engine) -> list[str]:
    """Views of somebody's own that would go with the map's."""
    with connect(engine) as connection:
        return list(run(connection, "keeping_outsiders").scalars())


def map_and_layers(engine: Engine) -> tuple[str | None, list[str]]:
    """Which map lives here, if any, and all its layers: those of a database of any version."""
    with connect(engine) as connection:
        found = _map(connection)
        if found is None:
            return None, []
        return found.map_id, list(run(connection, "keeping_layers").scalars())


def _map(connection: Connection) -> Row[Any] | None:
    if not is_prepared(connection):
        return None
    return run(connection, "keeping_map").one_or_none()


def _contents(connection: Connection) -> dict[str, Contents]:
    execute_script(connection, statement("keeping_contents_define"))
    return {row.name: Contents(row.rows, row.hash) for row in run(connection, "keeping_contents")}
