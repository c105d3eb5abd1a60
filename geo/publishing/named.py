"""The files that a release's manifest names: they, and nothing else, are served and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

MANIFEST: Final = "manifest.json"


@dataclass(frozen=True)
class ReleaseFile:
    """One file of a release; `path` is relative to its folder."""

    path: str
    sha256: str
    size: int


def named_files(manifest: Any) -> Iterator[ReleaseFile]:
    """Every `{path, sha256, bytes}` in a manifest, wherever it stands."""
    if isinstance(manifest, Mapping):
        if {"path", "sha256", "bytes"} <= manifest.keys():
            yield ReleaseFile(manifest["path"], manifest["sha256"], manifest["bytes"])
        else:
            for value in manifest.values():
                yield from named_files(value)
    elif isinstance(manifest, list):
        for value in manifest:
            yield from named_files(value)


def describe(path: Path, folder: Path) -> ReleaseFile:
    """A file of the release in `folder`, as it is: its bytes are read."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return ReleaseFile(path.relative_to(folder).as_posix(), sha256, path.stat().st_size)


def is_whole(folder: Path, file: ReleaseFile) -> bool:
    """Is a file of the release in `folder` there, with the bytes that are said of it?

    A link to somewhere else is no file of a release.
    """
    path = folder / file.path
    try:
        return not path.is_symlink() and describe(path, folder) == file
    except OSError:
        return False
