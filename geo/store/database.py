"""Access to the map's PostGIS database: one way to connect, one way to run a statement."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from geo.errors import DatabaseBusy, DatabaseUnreachable
from sql import statement


def open_engine(url: str) -> Engine:
    """Engine for a libpq URL (`postgresql://...`). Nothing is connected yet.

    Raises ConfigurationError for an address that is no URL.
    """
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        connect_args={"connect_timeout": 10, "application_name": "onemap"},
    )


@contextmanager
def connect(engine: Engine) -> Iterator[Connection]:
    """A connection without a transaction of its own.

    Raises DatabaseUnreachable where there is no server, and DatabaseBusy where the server ended the
    work (a deadlock, a time-out, a shutdown, a crash): nothing of it was written.
    """
    try:
        connection = engine.connect()
    except OperationalError as error:
        address = engine.url.render_as_string(hide_password=True)
        raise DatabaseUnreachable(address, _first_line(error)) from error
    try:
        with connection:
            yield connection
    except OperationalError as error:
        raise DatabaseBusy(_first_line(error)) from error


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction: committed when the block ends well, rolled back otherwise."""
    with connect(engine) as connection, connection.begin():
        yield connection


def run(connection: Connection, name: str, /, **values: Any) -> CursorResult[Any]:
    """Runs `sql/statements/<name>.sql` with bound values; mappings are bound as JSON."""
    bound = {
        key: json.dumps(dict(value), ensure_ascii=False) if isinstance(value, Mapping) else value
        for key, value in values.items()
    }
    return connection.execute(text(statement(name)), bound)


def _first_line(error: OperationalError) -> str:
    return str(error.orig).strip().splitlines()[0] if error.orig else str(error)
