"""What the administrator of somebody else's server has to run for a map, once, as a psql script."""

from __future__ import annotations

import re
from typing import cast

from sqlalchemy import Engine

from geo.errors import ConfigurationError, DatabaseUnreachable
from geo.settings import Settings
from server.cluster import OWNER, PLANNER, VARIABLES, WEB, database_url, is_configured, wanted
from server.provision import (
    ON_SERVER,
    Session,
    Wanted,
    address,
    closing_statements,
    connect,
    missing,
    script,
)

_FUNCTION = re.compile(r"EXECUTE ON FUNCTION (.+)")
ENTER = '\n\\connect :"database"\n\n'


def grants(settings: Settings, map_id: str, *, close_public: bool = False) -> str:
    """SQL that pipes into psql: what is missing, or all of it where the map's database cannot be
    entered yet (then psql looks what is missing).

    close_public: also what takes from PUBLIC the rights that a map can do without. Passwords are
    those of the configured URLs, as PostgreSQL keeps them. Raises ConfigurationError if no owner's
    login is configured, or the database is no place for a map (`server.provision.enter`).
    """
    if not is_configured(settings):
        raise ConfigurationError(
            "the private cluster needs no administrator; name the owner's login on a server of "
            f"your own in {VARIABLES[OWNER]}: postgresql://OWNER:PASSWORD@HOST:5432"
        )
    target = database_url(settings, map_id)
    asked = wanted(settings, map_id, closed=close_public)
    try:
        statements = missing(target, asked)
    except DatabaseUnreachable as error:
        return _whole(map_id, target, asked, error.reason)
    if not statements:
        return (
            _refused_logins(settings, map_id)
            or f"-- {_line(address(target))}: nothing is missing.\n"
        )
    body = "".join(f"{statement};\n" for statement in statements)
    return f"{_head(map_id, target, asked)}{_variables(asked, 'database')}{ENTER}{body}"


def open_functions(engine: Engine) -> list[str]:
    """Functions that everybody, and so the web's role, may call in a map's database although no map
    needs them, as `name(arguments)`; none where it is closed.

    A request reaches none of them in any case (`web.calls`).
    """
    doors = map(_FUNCTION.fullmatch, open_doors(engine))
    return [function[1] for function in doors if function]


def open_doors(engine: Engine) -> list[str]:
    """What everybody may do in a map's database although no map needs it, as PostgreSQL says it:
    `CREATE ON SCHEMA public`, `EXECUTE ON FUNCTION name(arguments)`.
    """
    with engine.connect() as connection:
        statements = closing_statements(cast(Session, connection.connection.driver_connection))
    return [
        statement.removeprefix("REVOKE ").removesuffix(" FROM PUBLIC") for statement in statements
    ]


def _whole(map_id: str, target: str, asked: Wanted, reason: str) -> str:
    """The files themselves, which ask for what is missing when they are run."""
    unreached = (
        f"-- It cannot be entered yet ({_line(reason)}),\n"
        "-- so this is all of it: each query answers the statements that are missing, and \\gexec\n"
        "-- executes them. To read them first, put \\g for \\gexec.\n"
    )
    head = _head(map_id, target, asked) + unreached + _variables(asked, *asked.variables)
    on_server, inside = ("\n".join(map(script, files)) for files in (ON_SERVER, asked.inside))
    return f"{head}\n{on_server}{ENTER}{inside}"


def _head(map_id: str, target: str, asked: Wanted) -> str:
    place = _line(address(target))
    return (
        f"-- What the map `{map_id}` needs on {place}, to be run once by a superuser:\n"
        f"--     onemap db grants --map {map_id} | psql --no-psqlrc ...\n"
        "-- What is there already stays. Roles that are made now get the passwords of\n"
        f"-- {VARIABLES[OWNER]}, {VARIABLES[PLANNER]} and\n"
        f"-- {VARIABLES[WEB]}, as PostgreSQL keeps them (SCRAM): nobody can read them here.\n"
        f"{_without_passwords(asked)}"
    )


def _refused_logins(settings: Settings, map_id: str) -> str:
    """Readers whose configured login does not let them in, as comments: a role that is there keeps
    its password, for others may log in by it.
    """
    refused = ""
    logins = {PLANNER: settings.planner_database_url, WEB: settings.web_database_url}
    for role in (role for role, login in logins.items() if login):
        try:
            connect(database_url(settings, map_id, role)).close()
        except DatabaseUnreachable as error:
            refused += (
                f"-- {VARIABLES[role]} does not let {role} in ({_line(error.reason)}).\n"
                f"-- If the role is there with another password: psql's \\password {role}\n"
            )
    return refused


def _variables(asked: Wanted, *names: str) -> str:
    lines = [f"\\set {name} {_set(asked.variables[name])}\n" for name in names]
    return "".join(["\\set ON_ERROR_STOP on\n", *lines])


def _without_passwords(asked: Wanted) -> str:
    silent = [role for role in (asked.owner, PLANNER, WEB) if role not in asked.passwords]
    return "".join(
        f"-- No URL has a password for {role}: give it one with psql's \\password {role}\n"
        for role in silent
    )


def _line(text: str) -> str:
    """Text in one line, as a comment has to be."""
    return " ".join(text.split())


def _set(text: str) -> str:
    """A value as psql's \\set reads it."""
    escaped = text.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
    return f"'{escaped}'"
