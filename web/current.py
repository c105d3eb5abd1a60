"""Which release readers get: the one that the pointer is at, whole."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from web.errors import DatabaseAway, NothingPublished, ReleaseMoved, WebError, not_found
from web.pointer import Pointer
from web.releases import Release, Releases

T = TypeVar("T")

TRIES: Final = 3
"""A publication while a request is answered lets it begin again; more of them are none."""


class Current:
    """Follows the pointer. While the database is away, the last release seen stays up."""

    def __init__(self, map_id: str, pointer: Pointer, releases: Releases) -> None:
        self._map_id = map_id
        self._pointer = pointer
        self._releases = releases
        self._last: Release | None = None

    async def number(self) -> int:
        """Number of the current release. Raises NothingPublished or DatabaseAway."""
        number = await self._pointer.release()
        if not number:
            self._last = None
            raise NothingPublished(self._map_id)
        return number

    async def asked(self) -> int:
        """The same, and the database itself says so now: whether it answers is the question."""
        await self._pointer.ask()
        return await self.number()

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

    async def answer(self, work: Callable[[Release], Awaitable[T]]) -> T:
        """What `work` makes of the current release, and of the database's rows of that release.

        Where a publication comes in between (ReleaseMoved) it is done anew: no answer is of two
        releases. Raises what `release` and `work` raise.
        """
        for _ in range(TRIES):
            release = await self.release()
            try:
                return await work(release)
            except ReleaseMoved:
                await self._pointer.ask()
        raise ReleaseMoved

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
