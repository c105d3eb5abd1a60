"""Access to the map's PostGIS database: one way to connect, one way to run a statement."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
from psycopg.errors import LockNotAvailable, QueryCanceled
from sqlalchemy import URL, Connection, CursorResult, Engine, Row, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from geo.errors import DatabaseBusy, DatabaseUnreachable, StepTimeout
from geo.values.storable import json_text, storable
from sql import statement

T = TypeVar("T")

PATIENCE_SECONDS = 120.0
"""How long a change of tables or views is tried while somebody reads them."""
PAUSE_SECONDS = 2.0
"""Between two tries: those who queued behind the first one are served."""


STATEMENT_SECONDS = 1_800
"""How long one statement may take; the largest layer of a city loads and is cut in minutes."""


@lru_cache
def open_engine(url: str) -> Engine:
    """Engine for a libpq URL (`postgresql://...`): a process has one. Nothing is connected yet.

    Its database sessions are used again, for PostGIS takes 50 ms to load in a new one; one that
    ended meanwhile is replaced. What must end with its work has a `session` of its own.
    Raises ConfigurationError for an address that is no URL.
    """
    address = make_url(url).set(drivername="postgresql+psycopg")
    limit = f"-c statement_timeout={STATEMENT_SECONDS}s"
    return create_engine(
        address,
        pool_pre_ping=True,
        max_overflow=-1,
        pool_use_lifo=True,  # the first session serves nearly all, and knows the tables
        json_serializer=json_text,
        connect_args={
            "connect_timeout": 10,
            "application_name": "onemap",
            "options": f"{address.query.get('options', '')} {limit}",
        },
    )


@contextmanager
def connect(engine: Engine) -> Iterator[Connection]:
    """A connection without a transaction of its own.

    Raises DatabaseUnreachable where there is no server, and DatabaseBusy where the server ended the
    work (a deadlock, a shutdown, a crash): nothing of it was written. A statement that took longer
    than it may is a StepTimeout: to try it again would take as long.
    """
    try:
        connection = engine.connect()
    except OperationalError as error:
        raise DatabaseUnreachable(_address(engine.url), _first_line(error)) from error
    try:
        with connection:
            yield connection
    except (OperationalError, psycopg.OperationalError) as error:  # the latter in a COPY
        cause = error.orig if isinstance(error, OperationalError) else error
        if isinstance(cause, QueryCanceled):
            raise StepTimeout("a statement", STATEMENT_SECONDS) from error
        raise DatabaseBusy(_first_line(cause or error)) from error


@contextmanager
def session(engine: Engine) -> Iterator[Connection]:
    """A database session that ends with the block, and with it all that it holds: its leases,
    locks and temporary tables. Raises as `connect` does.
    """
    with connect(engine) as connection:
        connection.detach()
        yield connection


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction: committed when the block ends well, rolled back otherwise."""
    with connect(engine) as connection, connection.begin():
        yield connection


def patiently(engine: Engine, change: Callable[[Connection], T]) -> T:
    """Makes a change to tables or views, in a transaction of its own, without shutting readers out.

    Who reads a view keeps it from being changed until their transaction ends, and whoever comes
    later queues behind the change that waits. So a lock is given up after a second, and tried again
    after a pause in which the others go on. Raises DatabaseBusy, naming who reads, when that does
    not help for `PATIENCE_SECONDS`.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with transaction(engine) as connection:
                run(connection, "lock_patience")
                return change(connection)
        except DatabaseBusy as busy:
            if not _waited_for_a_lock(busy):
                raise
            if time.monotonic() > deadline:
                raise DatabaseBusy(f"{busy.reason}; who reads: {_readers(engine)}") from busy
        time.sleep(PAUSE_SECONDS)


def _waited_for_a_lock(busy: DatabaseBusy) -> bool:
    cause = busy.__cause__
    return isinstance(cause, OperationalError) and isinstance(cause.orig, LockNotAvailable)


def _readers(engine: Engine) -> str:
    with connect(engine) as connection:
        return "; ".join(run(connection, "lock_holders").scalars()) or "nobody now"


def run(connection: Connection, name: str, /, **values: Any) -> CursorResult[Any]:
    """Runs `sql/statements/<name>.sql` with bound values; mappings are bound as JSON.

    No text and no mapping is refused by the database for what it holds.
    """
    bound = {key: _bindable(value) for key, value in values.items()}
    return connection.execute(text(statement(name)), bound)


def stream(connection: Connection, name: str, rows: int, /, **values: Any) -> Iterator[Row[Any]]:
    """What `run` answers, by a cursor of the database's: so many rows at a time are here."""
    bound = {key: _bindable(value) for key, value in values.items()}
    options = {"stream_results": True, "yield_per": rows}
    yield from connection.execute(text(statement(name)), bound, execution_options=options)


def _bindable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return json_text(value)
    return storable(value) if isinstance(value, str) else value


def _address(url: URL) -> str:
    """Where a URL leads: none of its parts in which a password may be."""
    return f"{url.host or url.query.get('host', 'localhost')}:{url.port or 5432}/{url.database}"


def _first_line(error: BaseException) -> str:
    cause = error.orig if isinstance(error, OperationalError) and error.orig else error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0]
