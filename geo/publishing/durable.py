"""Bytes that are on the disk before a database row says so."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Waits until a file's bytes, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """The same for everything below a folder, and for the folder itself."""
    for path in folder.rglob("*"):
        sync(path)
    sync(folder)
