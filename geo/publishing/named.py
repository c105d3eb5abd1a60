"""The files that a release's manifest names: they, and nothing else, are served and kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
