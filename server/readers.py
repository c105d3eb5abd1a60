"""Before the map is served by the web role's login alone: is it that, and is the map there?"""

from __future__ import annotations

import psycopg
from psycopg.rows import dict_row

from geo.errors import ConfigurationError, DatabaseUnreachable
from server.provision import CONNECT_SECONDS, address, script

ASK_FOR_A_RUN = "take its sources in first, as the owner: `onemap run --map {map_id}`"


def require_web_login(url: str, map_id: str) -> None:
    """The login of `url` reads what is public of this map, and may do no more.

    Raises DatabaseUnreachable, and ConfigurationError if the login could become the owner of the
    map, is not the web role's, or if the database holds no map yet, or another.
    """
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as connection:
            connection.read_only = True
            _require(connection, url, map_id)
    except psycopg.OperationalError as error:
        raise DatabaseUnreachable(address(url), _explained(error, map_id)) from error


def _require(connection: psycopg.Connection, url: str, map_id: str) -> None:
    cursor = connection.cursor(row_factory=dict_row)
    (found,) = cursor.execute(script("login").encode()).fetchall()
    if found["may_more"] or not found["is_web"]:
        wrong = "may do more than read what is public" if found["may_more"] else "is not onemap_web"
        raise ConfigurationError(
            f"ONEMAP_WEB_DATABASE_URL logs in as {found['login']}, who {wrong}; name the login of "
            "onemap_web there (`onemap db grants` makes it)"
        )
    if not found["map_is_here"] or not (held := _map_in(connection)):
        raise ConfigurationError(
            f"the database {address(url)} holds no map yet; {ASK_FOR_A_RUN.format(map_id=map_id)}"
        )
    if held != map_id:
        raise ConfigurationError(
            f"the database {address(url)} holds the map `{held}`, not `{map_id}`; choose it with "
            "--map, or write `{map}` for the database's name in ONEMAP_WEB_DATABASE_URL"
        )


def _map_in(connection: psycopg.Connection) -> str | None:
    connection.execute("SET ROLE onemap_web")
    rows = connection.execute("SELECT map_id FROM web.map").fetchall()
    return str(rows[0][0]) if rows else None


def _explained(error: psycopg.OperationalError, map_id: str) -> str:
    """libpq's words; for a database that is not there, with what makes it."""
    words = str(error).strip()
    if isinstance(error, psycopg.errors.InvalidCatalogName) or "does not exist" in words:
        return f"{words}; {ASK_FOR_A_RUN.format(map_id=map_id)}"
    return words
