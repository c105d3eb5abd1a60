"""Make a server ready for a map: roles, database, extensions. Idempotent, one at a time.

The SQL files answer the statements that are still missing; on a server that has everything,
nothing is executed, so that an administrator may prepare it and give us few rights.
"""

from __future__ import annotations

from importlib.resources import files

import psycopg
from psycopg.conninfo import conninfo_to_dict

from geo.errors import ConfigurationError, DatabaseUnreachable

CONNECT_SECONDS = 10
LOCK = 0x4F4E454D  # "ONEM"; the advisory lock of those who provision


def provision(target: str, maintenance: str, owner: str | None = None) -> None:
    """Make the database of the URL `target` exist, with its roles and extensions.

    target: libpq URL of the map's database, as a role that may create what is missing.
    maintenance: URL of a database of the same server that is there already, as the same role;
        if it cannot be entered, the target has to exist.
    owner: role that shall own the database, made if missing; None: the role that connects.

    Raises DatabaseUnreachable, and ConfigurationError with the statement that the role may not
    execute, or if the server has no PostGIS.
    """
    try:
        server = _connect(maintenance)
    except DatabaseUnreachable:
        server = _connect(target)
    database = str(conninfo_to_dict(target)["dbname"])
    with server:
        _apply(server, "server.sql", {"database": database, "owner": owner})
    with _connect(target) as inside:
        _apply(inside, "database.sql")


def address(url: str) -> str:
    """What a URL connects to, without user and password: `host:port/database`."""
    parts = conninfo_to_dict(url)
    host, port = parts.get("host", "localhost"), parts.get("port", "5432")
    return f"{host}:{port}/{parts.get('dbname', '')}"


def _apply(
    connection: psycopg.Connection[tuple[str]],
    file: str,
    values: dict[str, str | None] | None = None,
) -> None:
    """Execute the statements that a file answers; the lock ends with the connection."""
    connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    query = files("sql").joinpath("server", file).read_bytes()
    for (statement,) in connection.execute(query, values).fetchall():
        try:
            connection.execute(statement.encode())
        except psycopg.errors.InsufficientPrivilege as error:
            raise ConfigurationError(
                f"the database role may not prepare the server ({error.diag.message_primary}); "
                f"have its administrator run: {statement}"
            ) from error
        except (psycopg.errors.UndefinedFile, psycopg.errors.FeatureNotSupported) as error:
            raise ConfigurationError(
                f"the server lacks an extension ({error.diag.message_primary}); install PostGIS "
                "and PostgreSQL's contrib modules on it"
            ) from error


def _connect(url: str) -> psycopg.Connection[tuple[str]]:
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_SECONDS)
    except psycopg.OperationalError as error:
        raise DatabaseUnreachable(address(url), str(error).strip()) from error
