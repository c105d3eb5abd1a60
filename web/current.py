"""Which release readers get: the pointer in the database decides, on every request."""

from __future__ import annotations

import asyncpg

from sql import statement
from web.database import Snapshots
from web.errors import DatabaseAway, NothingPublished, WebError, not_found
from web.releases import Release, Releases


class Current:
    """Follows the pointer. While the database is away, the last release seen stays up."""

    def __init__(self, map_id: str, snapshots: Snapshots, releases: Releases) -> None:
        self._map_id = map_id
        self._snapshots = snapshots
        self._releases = releases
        self._last: Release | None = None

    async def number(self) -> int:
        """Number of the current release. Raises NothingPublished or DatabaseAway."""
        async with self._snapshots.acquire() as connection:
            try:
                number = await connection.fetchval(statement("web_release"))
            except asyncpg.UndefinedTableError:  # a database that no run has prepared yet
                number = None
        if not number:
            self._last = None
            raise NothingPublished(self._map_id)
        return int(number)

    async def release(self) -> Release:
        """The current release. Raises NothingPublished, DatabaseAway, or that its files miss."""
        try:
            number = await self.number()
        except DatabaseAway:
            if self._last is None:
                raise
            return self._last
        release = self._releases.get(number)
        if release is None:
            raise WebError(
                503,
                "ReleaseMissing",
                f"the files of release {number} are not on this machine",
            )
        self._last = release
        return release

    async def numbered(self, number: int) -> Release:
        """A published release. A folder that the pointer has not reached is not served."""
        newest = (await self.release()).number
        if not 0 < number <= newest:
            raise not_found(f"there is no release {number} here; the current one is {newest}")
        release = self._releases.get(number)
        if release is None:
            raise WebError(
                410,
                "ReleaseGone",
                f"the files of release {number} are kept no longer; the current one is {newest}",
            )
        return release
