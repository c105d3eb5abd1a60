"""Which functions a statement that is made from a request may call: those on a list.

tipg writes SQL from what is asked for. The guard before it (web/ogc_guard.py) lets no function of a
request through; this is the wall behind it, and stands where a server's administrator has not
revoked what everybody may call (waiting, reading by another query, locks, large objects).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from web.database import Snapshots
from web.errors import bad_parameter

FUNCTIONS: Final = frozenset(
    {"count", "st_asgeojson", "st_geomfromgeojson", "st_intersects", "st_setsrid", "st_transform"}
)
WORDS: Final = frozenset({"and", "as", "cast", "exists", "from", "in", "not", "or", "where"})
"""Words of SQL before a parenthesis."""

_TEXT: Final = re.compile(
    r"""
    \b[eE]'(?:[^'\\]|\\.|'')*'   # with escapes
    | '(?:[^']|'')*'
    """,
    re.VERBOSE | re.DOTALL,
)
_CALL: Final = re.compile(r'(?:"(?P<quoted>(?:[^"]|"")*)"|(?P<plain>[^\W\d][\w$]*))\s*\(')
_OTHER: Final = re.compile(r"""--|/\*|;|\$\w*\$|\b[uU]&["']|'""")
"""What is in no statement of tipg's: comments, a second statement, other ways to quote."""


class ListedCalls:
    """The public role's connections, for statements that were made from a request."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots

    @asynccontextmanager
    async def acquire(self, release: int) -> AsyncIterator[Any]:
        """One connection in a snapshot of a release, which calls what is on the list.

        Raises DatabaseAway, ReleaseMoved.
        """
        async with self._snapshots.acquire(release) as connection:
            yield _Checked(connection)


class _Checked:
    """The two ways in which tipg asks; it has no other."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, query: str, *values: Any) -> Any:
        """Rows. Raises WebError for a function that is not on the list."""
        require_listed(query)
        return await self._connection.fetch(query, *values)

    async def fetchval(self, query: str, *values: Any) -> Any:
        """One value. Raises WebError for a function that is not on the list."""
        require_listed(query)
        return await self._connection.fetchval(query, *values)


def require_listed(query: str) -> None:
    """Raises WebError (400) if a statement calls a function that is not on the list."""
    text = _TEXT.sub("", query)
    called = {(call["quoted"] or call["plain"] or "").lower() for call in _CALL.finditer(text)}
    if called - FUNCTIONS - WORDS or _OTHER.search(text):
        raise bad_parameter("the request asks for a function that is not offered here")
