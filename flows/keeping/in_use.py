"""Who uses the store of deliveries: many who take or bring deliveries in, or one who removes some.

A delivery is stored before its run is written down, or before the database that a backup brings
back; between the two, nothing but this lock says that it is needed. Whoever is killed has let go
of it.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from geo.errors import StoreBusy


@contextmanager
def in_use(store: Path) -> Iterator[None]:
    """While this lasts, nothing is removed from the store; waits while somebody removes.

    A store that cannot be written takes nothing in: whoever tries says so.
    """
    with ExitStack() as held:
        with suppress(OSError):
            fcntl.flock(held.enter_context(_lock_file(store)), fcntl.LOCK_SH)
        yield


@contextmanager
def emptying(store: Path, *, wait_seconds: float) -> Iterator[None]:
    """While this lasts, nobody takes a delivery in. Raises StoreBusy if somebody does not end."""
    deadline = time.monotonic() + wait_seconds
    with _lock_file(store) as lock:
        while not _taken(lock):
            if time.monotonic() > deadline:
                raise StoreBusy(store)
            time.sleep(0.25)
        yield


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _lock_file(store: Path) -> Iterator[int]:
    """Beside the store, in which nothing but deliveries lies; whoever made it, all lock it."""
    store.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(store.with_name(f"{store.name}.lock"), os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        yield lock
    finally:
        os.close(lock)
