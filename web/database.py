"""The database as the public role sees it: read-only, one snapshot per request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson

from web.errors import DatabaseAway

ROLE = "onemap_web"
STATEMENT_TIMEOUT_MS = 8_000
MAX_CONNECTIONS = 8

AWAY = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)
"""What asyncpg raises while a server is down, stopping or full, or a statement takes too long."""


class Snapshots:
    """Connections of the public role, each inside one read-only repeatable-read transaction.

    A page of features and the count beside it are two statements; in one snapshot they are of
    one release. It stands in for the pool that tipg expects.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: asyncpg.Pool | None = None

    async def open(self) -> None:
        """Make the pool. Nothing is connected yet, so a server that is down does no harm."""
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=MAX_CONNECTIONS,
            timeout=5,
            command_timeout=STATEMENT_TIMEOUT_MS / 1000 + 2,
            init=_prepare,
            reset=_nothing_to_reset,
            server_settings={
                "application_name": "onemap-web",
                "default_transaction_read_only": "on",
                "statement_timeout": str(STATEMENT_TIMEOUT_MS),
            },
        )

    async def close(self) -> None:
        """Ends the connections, once those in use are given back."""
        if self._pool is not None:
            await self._pool.close()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        """One connection in one snapshot. Raises DatabaseAway."""
        if self._pool is None:
            raise DatabaseAway
        try:
            connection = await self._pool.acquire(timeout=5)
        except (*AWAY, asyncpg.PostgresError) as error:  # also: no such database, not let in
            raise DatabaseAway from error
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                yield connection
        except AWAY as error:
            raise DatabaseAway from error
        finally:
            await self._pool.release(connection)


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
