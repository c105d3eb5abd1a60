"""The store of deliveries (geo/snapshot.py) as a prune sees it: what lies in it, and its removal.

Maps of one state folder share it, and so may two deliveries share their bytes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final, NamedTuple

DAY_SECONDS: Final = 86_400
GRACE_SECONDS: Final = DAY_SECONDS
"""Age from which what belongs to no delivery was left by somebody who was killed."""


class Delivery(NamedTuple):
    """A delivery by its source and its sha256, as runs know it."""

    source_id: str
    sha256: str


def deliveries(store: Path) -> dict[Delivery, Path]:
    """Every delivery and the manifest that lists its files."""
    return {
        Delivery(path.parent.name, path.stem): path for path in store.glob("manifests/*/*.json")
    }


def is_old(path: Path, seconds: float) -> bool:
    """Whether nobody has written the file for that long; one that is gone by now is none."""
    try:
        return path.stat().st_mtime < time.time() - seconds
    except FileNotFoundError:
        return False


def unneeded(store: Path, going: Collection[Delivery]) -> list[Path]:
    """Files that no delivery needs once these are gone: bytes, and what killed copies left."""
    found = deliveries(store)
    needed = _blobs(path for one, path in found.items() if one not in going)
    freed = _blobs(path for one, path in found.items() if one in going)
    return [
        *(
            blob
            for blob in sorted(store.glob("blobs/*/*"))
            if blob.name not in needed and (blob.name in freed or is_old(blob, GRACE_SECONDS))
        ),
        *(copy for copy in sorted(store.glob("incoming/*")) if is_old(copy, GRACE_SECONDS)),
    ]


def _blobs(manifests: Iterable[Path]) -> set[str]:
    """Names of the bytes that these deliveries consist of."""
    listed = (json.loads(path.read_text("utf-8"))["files"] for path in manifests)
    return {entry["sha256"] for files in listed for entry in files}
