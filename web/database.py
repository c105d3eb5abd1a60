"""The database as the public role sees it: read-only, one snapshot per request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson

from sql import statement
from web.errors import DatabaseAway, ReleaseMoved

ROLE = "onemap_web"
STATEMENT_TIMEOUT_MS = 8_000
FOR_CONTENT = 4
"""Connections for features and cards: their answers are written by the one event loop, and more at
once would only keep everybody else waiting."""

AWAY = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)
"""What asyncpg raises while a server is down, stopping or full, or a statement takes too long."""


_SETTINGS = {
    "application_name": "onemap-web",
    "default_transaction_read_only": "on",
    "statement_timeout": str(STATEMENT_TIMEOUT_MS),
}


class Snapshots:
    """Connections of the public role, each inside one read-only repeatable-read transaction.

    A page of features and the count beside it are two statements; in one snapshot they are of
    one release. It stands in for the pool that tipg expects. There are `connections` at most; who
    finds all of them in use waits for one, which is no failure of the database.
    """

    def __init__(self, url: str, connections: int = FOR_CONTENT) -> None:
        self._url = url
        self._connections = connections
        self._free = asyncio.Semaphore(connections)
        self._pool: asyncpg.Pool | None = None

    async def open(self) -> None:
        """Make the pool. Nothing is connected yet, so a server that is down does no harm."""
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=self._connections,
            timeout=5,
            command_timeout=STATEMENT_TIMEOUT_MS / 1000 + 2,
            init=_prepare,
            reset=_nothing_to_reset,
            server_settings=_SETTINGS,
        )

    async def close(self) -> None:
        """Ends the connections, once those in use are given back."""
        if self._pool is not None:
            await self._pool.close()

    @asynccontextmanager
    async def acquire(self, release: int | None = None) -> AsyncIterator[Any]:
        """One connection in one snapshot: of `release`, if one is named.

        Raises DatabaseAway, and ReleaseMoved where the snapshot is of another release.
        """
        if self._pool is None:
            raise DatabaseAway
        async with self._free, self._connected(self._pool) as connection:
            try:
                await _begin(connection, release)
                yield connection
            finally:
                await _end(connection)

    @asynccontextmanager
    async def _connected(self, pool: asyncpg.Pool) -> AsyncIterator[Any]:
        try:
            connection = await pool.acquire(timeout=5)
        except (*AWAY, asyncpg.PostgresError) as error:  # also: no such database, not let in
            raise DatabaseAway from error
        try:
            yield connection
        except AWAY as error:
            raise DatabaseAway from error
        finally:
            await pool.release(connection)


async def connect(url: str) -> asyncpg.Connection:
    """A session of the public role that belongs to no pool. Raises what asyncpg raises."""
    connection = await asyncpg.connect(url, timeout=5, server_settings=_SETTINGS)
    try:
        await _prepare(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def _begin(connection: Any, release: int | None) -> None:
    """Opens the snapshot and says in the same breath which release it has to be of."""
    opening = ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"]
    if release is not None:
        opening.append(statement("web_of_release").replace(":release", str(int(release))))
    try:
        await connection.execute(";".join(opening))
    except asyncpg.DivisionByZeroError:
        raise ReleaseMoved from None


async def _end(connection: Any) -> None:
    if connection.is_in_transaction():
        await connection.execute("ROLLBACK")


async def _prepare(connection: asyncpg.Connection) -> None:
    """Whoever logged in, only the public role reads; JSON arrives parsed."""
    await connection.execute(f"SET ROLE {ROLE}")
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name, encoder=orjson.dumps, decoder=orjson.loads, schema="pg_catalog"
        )


async def _nothing_to_reset(_connection: asyncpg.Connection) -> None:
    """Each use is one read-only transaction, so nothing is left to be undone.

    asyncpg's own reset lets go of advisory locks, which the public role may not call.
    """
