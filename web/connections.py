"""Connections under deadlines: a client that does nothing useful holds nothing for long.

uvicorn waits without end for the rest of a request, and for a client that does not take its
answer. Each connection here has one deadline at a time, and there are never more connections than
the process has room for: the one that has waited longest for its client makes room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS: Final = 10
"""From the opening, or from the end of an answer, until the next request is wholly there."""

STALLED_SECONDS: Final = 30
"""Until a client takes what is buffered for it (64 KiB at most)."""

MAX_CONNECTIONS: Final = 400
"""A process may usually have 1,024 files open; releases and the database need some of them."""

BACKLOG: Final = 128
"""So many are accepted at once, before the first of them can make room."""

MAX_HEAD: Final = 16 * 1024
"""Bytes of a request's line and headers."""


class Connection(H11Protocol):
    """uvicorn's HTTP/1.1 connection, with deadlines, and without upgrades."""

    _deadline: asyncio.TimerHandle | None = None
    _since: float = 0.0
    is_left: bool = False

    @property
    def waits_for_client(self) -> bool:
        """Is the next step the client's: a request (or its rest), or taking its answer?"""
        cycle = self.cycle
        unasked = cycle is None or cycle.response_complete or cycle.more_body
        return unasked or self.flow.write_paused

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Makes room if there is none, and begins to wait for a request."""
        super().connection_made(transport)
        self._within(REQUEST_SECONDS, self._finish)
        held = [it for it in self.connections if isinstance(it, Connection) and not it.is_left]
        if len(held) > MAX_CONNECTIONS:
            _longest_waiting(held).leave()

    def connection_lost(self, exc: Exception | None) -> None:
        """Lets go of the deadline."""
        self._cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A request that is wholly there has no deadline; half of one keeps the deadline it has."""
        super().data_received(data)
        if not self.waits_for_client:
            self._cancel()

    def on_response_complete(self) -> None:
        """The next request, which may be here already, is waited for as the first one was."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._within(STALLED_SECONDS, self.leave)
        elif self.waits_for_client:
            self._within(REQUEST_SECONDS, self._finish)

    def pause_writing(self) -> None:
        """The client is slower than the answer, and must take what is buffered by a deadline."""
        super().pause_writing()
        self._within(STALLED_SECONDS, self.leave)

    def resume_writing(self) -> None:
        """It did."""
        super().resume_writing()
        self._cancel()

    def send_400_response(self, msg: str) -> None:
        """Bytes that are no HTTP: answered where no answer has begun, else the connection ends."""
        if self.conn.our_state is h11.IDLE:
            super().send_400_response(msg)
        else:
            self.leave()

    def leave(self) -> None:
        """Ends the connection, whatever its client has not sent or not taken."""
        self.is_left = True
        self.transport.abort()

    def _should_upgrade(self) -> bool:
        """Never, and without a line in the log: web/admission.py answers."""
        return False

    def _finish(self) -> None:
        """What is buffered may still go out; a client that does not take it is left."""
        self.transport.close()
        self._within(STALLED_SECONDS, self.leave)

    def _within(self, seconds: float, otherwise: Callable[[], Any]) -> None:
        self._cancel()
        self._since = self.loop.time()
        self._deadline = self.loop.call_later(seconds, otherwise)

    def _cancel(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _longest_waiting(connections: list[Connection]) -> Connection:
    """Of the connections that wait for their client; of all, if none does."""
    waiting = [connection for connection in connections if connection.waits_for_client]
    return min(waiting or connections, key=lambda connection: connection._since)
