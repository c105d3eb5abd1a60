"""One thread that works beside its starter, on what it is handed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")

WAITING = 2
"""Items that may wait for the thread: whoever is faster than it waits, and memory stays flat."""


class Background(Generic[T]):
    """Does `work` on each item, one after the other, in the order in which they are handed over.

    What goes wrong is raised at a call after it, and at the end of the block at the latest. A block
    that ends by an exception leaves undone what waits. The thread ends with the block.
    """

    def __init__(self, work: Callable[[T], None]) -> None:
        self._work = work
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._thread.shutdown(cancel_futures=kind is not None)
        if kind is None:
            self.settle()

    def hand(self, item: T) -> None:
        """Waits while too much waits already."""
        self._waiting.append(self._thread.submit(self._work, item))
        self._leave(WAITING)

    def settle(self) -> None:
        """Waits until all that was handed over is done."""
        self._leave(0)

    def _leave(self, most: int) -> None:
        """Takes off what is done, and waits where more than `most` wait."""
        while self._waiting and (len(self._waiting) > most or self._waiting[0].done()):
            self._waiting.popleft().result()
