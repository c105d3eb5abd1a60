"""Drops that are there already, and whether they are as they would be made now."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

FEWEST_PLACES = 2000
TRUTH = "truth"
"""Folder among the drops that no source names."""


def keep_drops(folder: Path, places: int, seed: int) -> Path:
    """See `samples.ensure_drops`. The folder is replaced as a whole, never half."""
    wanted = {"version": version(), "seed": seed, "places": max(places, FEWEST_PLACES)}
    if _made_as(folder) == wanted:
        return folder
    from samples.generator import write_drops  # a second; drops that are there need none of it

    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as made:
        write_drops(Path(made) / "new", places, seed)
        if folder.exists():
            folder.rename(Path(made) / "old")
        (Path(made) / "new").rename(folder)
    return folder


def version() -> str:
    """Of the generator: a hash of its own files, so that drops are never older than it."""
    package = Path(__file__).parent
    files = sorted(path for path in package.rglob("*") if path.suffix in (".py", ".csv"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def _made_as(folder: Path) -> dict[str, object]:
    """How the drops in a folder were made; nothing where there are none that are whole."""
    summary = folder / TRUTH / "truth.json"
    if not summary.is_file():
        return {}
    said = json.loads(summary.read_text("utf-8"))
    return {name: said.get(name) for name in ("version", "seed", "places")}
