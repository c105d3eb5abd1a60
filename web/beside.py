"""A door with a loop and threads of its own, for answers that take time to make.

A page of features or a search is some tens of milliseconds of work between two waits. In the loop
that tiles and files are answered by, each would keep them waiting for so long; here they wait for
nobody. What the two share is the interpreter, which a thread gives up after `SWITCH_SECONDS`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from threading import Thread
from typing import Any, Final, TypeVar

from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

T = TypeVar("T")

SWITCH_SECONDS: Final = 0.0005
"""Python's own is ten times as long: as long as ten tiles take."""

END_SECONDS: Final = 5.0
"""So long the end of the process waits for the thread's."""


class Beside:
    """A second event loop, in a thread; applications that are wrapped by it are answered there."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None

    def open(self) -> None:
        """Starts the loop; it ends with the process, or with `close`."""
        sys.setswitchinterval(SWITCH_SECONDS)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=_live, args=[self._loop], name="beside", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the loop, once what it does at the moment is done."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(END_SECONDS)

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Does work there, and waits for it here."""
        assert self._loop is not None
        return await elsewhere(work, self._loop)

    def app(self, app: ASGIApp) -> ASGIApp:
        """The application, answered there: what it sends and receives passes through here."""

        async def answered(scope: Scope, receive: Receive, send: Send) -> None:
            here = asyncio.get_running_loop()
            await self.run(_awaited(app, scope, _back(receive, here), _back(send, here)))

        return answered

    def routes(self, routes: Iterable[Route], around: Callable[[ASGIApp], ASGIApp]) -> list[Route]:
        """The same routes, answered there by what they lead to, with something `around` it."""
        wrapped = list(routes)
        for route in wrapped:
            route.app = self.app(around(route.app))
        return wrapped


def _live(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()


async def elsewhere(work: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    """Work in another thread's loop, or in this one; who is cancelled here is cancelled there."""
    if loop is asyncio.get_running_loop():
        return await work
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))


def _back(call: Callable[..., Awaitable[Any]], here: asyncio.AbstractEventLoop) -> Any:
    async def called(*values: Any) -> Any:
        return await elsewhere(_awaited(call, *values), here)

    return called


async def _awaited(call: Callable[..., Awaitable[T]], *values: Any) -> T:
    return await call(*values)
