"""Before rows are loaded: is there room for what follows from them?

A disk that fills up in the middle is somebody's night. So the room for a delivery's rows, their
indexes, the write-ahead log and the products of a release is asked for before a load starts.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from flows.job import Job
from geo.errors import NoRoom
from geo.states import Validated

TIMES = 20
"""Bytes on disk for each byte of accepted rows in memory: rows, log and products together.

Measured with 3,000 and 30,000 points of eight columns: 15.4 and 14.3, of which the log has 6.
"""
LEAST = 64 << 20
"""Bytes that any load needs: segments of the write-ahead log are of 16 MB."""


def require_room(job: Job, delivery: Validated) -> None:
    """Raises NoRoom, naming the folder and what is needed, if the load would not fit.

    Asked is the file system of the state folder, which is also that of the private cluster; that of
    a database elsewhere cannot be seen from here.
    """
    require(job.settings.home, LEAST + TIMES * delivery.accepted.nbytes)


def require(folder: Path, needed: int) -> None:
    """Raises NoRoom if the folder's file system has less than `needed` bytes to give."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoRoom(folder, needed, free)
