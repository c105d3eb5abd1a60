"""Folders for the time of some work: they go with it, and those that a killed run left go later.

A folder is locked by the process that works in it. A lock ends with its process however that ends,
so a folder without one is nobody's, and the next work in the same place takes it away.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NEW_SECONDS = 60.0
"""A folder that is as young as this may be about to be locked."""


@contextmanager
def folder(prefix: str, within: Path | None = None) -> Iterator[Path]:
    """A new folder `within` (the system's temporary folder), whose name begins with `prefix`.

    Folders of this prefix whose process is no more are taken away.
    """
    place = Path(within or tempfile.gettempdir())
    _sweep(place, prefix)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=place) as name, _locked(Path(name)):
        yield Path(name).resolve()


def _sweep(place: Path, prefix: str) -> None:
    """A young folder is not even locked: its own process would find it taken."""
    for left in place.glob(f"{prefix}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > NEW_SECONDS:
                with _locked(left):
                    shutil.rmtree(left)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Raises OSError where somebody else works in it, or where it is no folder."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)
