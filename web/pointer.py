"""Which release readers follow: one answer for all doors of a process, kept by listening.

A publication tells whoever listens (`meta.publish`), so that no request asks the database. What is
told is only that the pointer moved; where to is read from the database by the one session that
listens, so that nobody can tell it wrong, and what comes late moves nothing back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final, NamedTuple

import asyncpg

from sql import statement
from web.beside import elsewhere
from web.database import AWAY, connect
from web.errors import DatabaseAway

CHANNEL: Final = "onemap_pointer"
"""`meta.publish` and a restore notify it."""
BEAT_SECONDS: Final = 10.0
"""So often it is read all the same: a session that is lost is noticed, and a pointer that moved
without a word (a pooler between us and the server swallows them) is followed."""
PAUSE_SECONDS: Final = 0.5
"""Between two tries to reach a database that is away; requests try by themselves meanwhile."""
ANSWER_SECONDS: Final = 5.0
"""After so long a database that does not answer is away."""


class Position(NamedTuple):
    """Where the pointer is: a release (0 before the first), and which register says so.

    The register is the table's number in its database; a map that was restored has another.
    """

    release: int
    register: int | None

    def follows(self, known: Position | None) -> bool:
        """Whether this is news. Within one register no release comes before another one again."""
        return known is None or self.register != known.register or self.release > known.release


class Pointer:
    """The pointer as this process knows it, and the one session that it is known by."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._known: Position | None = None
        self._session: asyncpg.Connection | None = None
        self._hears = False
        self._told = asyncio.Event()
        self._asked: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        """The session lives in the loop that calls this; doors in other loops ask through it."""
        self._loop = asyncio.get_running_loop()

    async def release(self) -> int:
        """Number of the current release, 0 before the first. Raises DatabaseAway.

        While the session hears of publications nobody asks; else who wants to know asks, and so
        makes a new session.
        """
        if not self._hears:
            await self._at_home(self._answer())
        assert self._known is not None  # whoever hears has read it, and so has who asked
        return self._known.release

    async def ask(self) -> None:
        """Reads the pointer, by a question that is put after this call. Raises DatabaseAway."""
        await self._at_home(self._anew())

    async def _at_home(self, work: Coroutine[Any, Any, None]) -> None:
        assert self._loop is not None, "open it first"
        await elsewhere(work, self._loop)

    async def _anew(self) -> None:
        if self._asked is not None and not self._asked.done():
            await asyncio.wait({self._asked})
        await self._answer()

    async def follow(self) -> None:
        """Follows the pointer until cancelled; then the session ends."""
        try:
            while True:
                self._told.clear()
                with suppress(DatabaseAway):
                    await self.ask()
                with suppress(TimeoutError):
                    async with asyncio.timeout(BEAT_SECONDS if self._hears else PAUSE_SECONDS):
                        await self._told.wait()
        finally:
            self._end()

    async def _answer(self) -> None:
        """Whoever comes while a question is out waits for its answer: there is one at a time."""
        if self._asked is None or self._asked.done():
            self._asked = asyncio.create_task(self._ask())
            self._asked.add_done_callback(_seen)
        await asyncio.shield(self._asked)

    async def _ask(self) -> None:
        try:
            if self._session is None:
                await self._open()
            else:
                self._move(await _read(self._session))
        except (*AWAY, asyncpg.PostgresError, TimeoutError) as error:  # also: not let in
            self._end()
            raise DatabaseAway from error

    async def _open(self) -> None:
        """A new session. What it reads first is taken as it is: this may be another server, or one
        that was set back to what it was before.
        """
        session = await connect(self._url)
        self._session = session
        session.add_termination_listener(self._lost)
        hears = await _listen(session, self._told)
        self._known = await _read(session)
        self._hears = hears and self._session is session  # it may be lost already

    def _move(self, position: Position) -> None:
        if position.follows(self._known):
            self._known = position

    def _lost(self, session: Any) -> None:
        if session is self._session:
            self._end()
            self._told.set()

    def _end(self) -> None:
        session, self._session, self._hears = self._session, None, False
        if session is not None:
            session.terminate()


async def _listen(session: asyncpg.Connection, told: asyncio.Event) -> bool:
    """Whether the session hears of publications: a standby tells nobody anything."""
    try:
        await session.add_listener(CHANNEL, lambda *_: told.set())
    except asyncpg.ReadOnlySQLTransactionError:
        return False
    return True


async def _read(session: asyncpg.Connection) -> Position:
    try:
        row = await session.fetchrow(statement("web_pointer"), timeout=ANSWER_SECONDS)
    except asyncpg.UndefinedTableError:  # a database that no run has prepared yet
        return Position(0, None)
    return Position(row["release"], row["register"])


def _seen(asked: asyncio.Task[None]) -> None:
    """What came of it is told to those who wait; where nobody does any more, it is no news."""
    if not asked.cancelled():
        asked.exception()
