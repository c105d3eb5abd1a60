"""Make a server ready for a map: roles, database, extensions. Idempotent, one at a time.

The SQL files answer the statements that are still missing; on a server that has everything,
nothing is executed, so that an administrator may prepare it and give us few rights
(`server.grants` prints what is asked of them).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from geo.errors import ConfigurationError, DatabaseUnreachable

CONNECT_SECONDS = 10
LOCK = 0x4F4E454D  # "ONEM"; the advisory lock of those who provision
ON_SERVER: Final = ("roles", "map")
"""Files that any database of the server is asked with."""
FIRST_MIGRATION: Final = "0001_schemas.sql"
_VARIABLE = re.compile(r":'(\w+)'")
_END = re.compile(r"^\\gexec$", re.MULTILINE)

Session = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Wanted:
    """What a map asks of a server: its database, who owns it, and how far others are shut out.

    passwords: of roles that are made now, by role; as PostgreSQL keeps them, or in clear.
    closed: what PUBLIC may do in the database is revoked; whole_server: in its other ones as well.
    """

    database: str
    owner: str
    passwords: Mapping[str, str] = field(default_factory=dict)
    closed: bool = False
    whole_server: bool = False

    @property
    def inside(self) -> tuple[str, ...]:
        """Files that the map's database is asked with, in order."""
        return ("closed", "contents") if self.closed else ("contents",)

    @property
    def variables(self) -> dict[str, str]:
        """Values of the variables in `sql/server/*.sql`."""
        return {
            "database": self.database,
            "owner": self.owner,
            "owner_password": self.passwords.get(self.owner, ""),
            "planner_password": self.passwords.get("onemap_planner", ""),
            "web_password": self.passwords.get("onemap_web", ""),
            "closing": "yes" if self.closed else "no",
            "whole_server": "yes" if self.whole_server else "no",
        }


def provision(target: str, maintenance: str, wanted: Wanted) -> None:
    """Make the wanted database exist, with its roles and extensions.

    target: libpq URL of the map's database, as a role that may create what is missing.
    maintenance: URL of a database of the same server that is there already, as the same role;
        if it cannot be entered, the target has to exist.

    Raises DatabaseUnreachable, and ConfigurationError with the statement that the role may not
    execute, if the server has no PostGIS, or if the database holds schemas of our names that are
    somebody else's: then nothing has been changed.
    """
    with suppress(DatabaseUnreachable):
        if not missing(target, wanted):
            return
    with _connect_to_either(maintenance, target) as server:
        for file in ON_SERVER:
            _apply(server, file, wanted)
    with enter(target) as inside:
        for file in wanted.inside:
            _apply(inside, file, wanted)


def missing(target: str, wanted: Wanted) -> list[str]:
    """The statements that a map's database and its server still lack, in order.

    Raises what `enter` raises; changes nothing.
    """
    with enter(target) as inside:
        return [
            statement
            for file in (*ON_SERVER, *wanted.inside)
            for question in questions(file)
            for statement in _answers(inside, question, wanted)
        ]


def closing_statements(connection: Session) -> list[str]:
    """The statements that would take from PUBLIC what it may still do in this database."""
    here = Wanted(connection.info.dbname, connection.info.user, closed=True)
    return [
        statement
        for question in questions("closed")
        for statement in _answers(connection, question, here)
    ]


def script(file: str) -> str:
    """Text of `sql/server/<file>.sql`: a script for psql."""
    return files("sql").joinpath("server", f"{file}.sql").read_text("utf-8")


def questions(file: str) -> list[str]:
    """The queries of a file, each of which answers statements; with psycopg's placeholders."""
    text = script(file).replace("%", "%%")
    return [_VARIABLE.sub(r"%(\1)s", part) for part in _END.split(text)[:-1]]


def address(url: str) -> str:
    """What a URL connects to, without user and password: `host:port/database`."""
    parts = conninfo_to_dict(url)
    host, port = parts.get("host", "localhost"), parts.get("port", "5432")
    return f"{host}:{port}/{parts.get('dbname', '')}"


def connect(url: str) -> Session:
    """A session that commits each statement by itself. Raises DatabaseUnreachable."""
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_SECONDS)
    except psycopg.OperationalError as error:
        raise DatabaseUnreachable(address(url), str(error).strip()) from error


def enter(target: str) -> Session:
    """A session in a map's database, or in one that may become it.

    Raises DatabaseUnreachable, and ConfigurationError if it is no place for a map: it keeps no
    Unicode, or schemas of our names in it are somebody else's.
    """
    connection = connect(target)
    try:
        if (encoding := connection.info.parameter_status("server_encoding")) != "UTF8":
            raise ConfigurationError(
                f"the database {address(target)} is encoded as {encoding}, which cannot hold every "
                "name; make one with ENCODING 'UTF8', and name it in ONEMAP_DATABASE_URL"
            )
        _refuse_strangers(connection, target)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_strangers(connection: Session, target: str) -> None:
    """Schemas of our names are ours if our first migration made them, or none is there yet but the
    register of migrations, with nothing in it.
    """
    found = connection.execute(script("schemas_of_our_names").encode()).fetchall()
    if not found:
        return
    recorded = _recorded(connection) if found[0][2] else None
    begun = recorded == set() and all(begun for *_, begun in found)
    if begun or (recorded and FIRST_MIGRATION in recorded):
        return
    named = ", ".join(f"`{name}` (of {owner})" for name, owner, *_ in found)
    raise ConfigurationError(
        f"the database {address(target)} has schemas that a map needs and that are not One Map's, "
        f"or not this login's: {named}. Nothing was changed. Name a database of the map's own in "
        "ONEMAP_DATABASE_URL (without a name in the URL, it is onemap_<map>), or have those "
        "schemas renamed"
    )


def _recorded(connection: Session) -> set[str] | None:
    """Names in the register of migrations; None if this login may not read it."""
    try:
        return {name for (name,) in connection.execute("SELECT name FROM meta.migration")}
    except psycopg.errors.InsufficientPrivilege:
        return None


def _apply(connection: Session, file: str, wanted: Wanted) -> None:
    """Execute the statements that a file answers; the lock ends with the connection."""
    connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    for question in questions(file):
        for statement in _answers(connection, question, wanted):
            _execute(connection, statement, wanted)


def _answers(connection: Session, question: str, wanted: Wanted) -> Iterator[str]:
    cursor = psycopg.ClientCursor(connection)  # the server need not guess the variables' types
    for (statement,) in cursor.execute(question.encode(), wanted.variables).fetchall():
        yield statement


def _execute(connection: Session, statement: str, wanted: Wanted) -> None:
    try:
        connection.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConfigurationError(
            f"the database role may not prepare the server ({error.diag.message_primary}); have "
            "its administrator run, once, what `onemap db grants` prints. Refused was: "
            + _without(statement, wanted.passwords)
        ) from error
    except (psycopg.errors.UndefinedFile, psycopg.errors.FeatureNotSupported) as error:
        raise ConfigurationError(
            f"the server lacks an extension ({error.diag.message_primary}); install PostGIS "
            "and PostgreSQL's contrib modules on it"
        ) from error


def _without(statement: str, passwords: Mapping[str, str]) -> str:
    for password in passwords.values():
        statement = statement.replace(password, "...")
    return statement


def _connect_to_either(first: str, second: str) -> Session:
    try:
        return connect(first)
    except DatabaseUnreachable:
        return connect(second)
