"""Releases as folders of files: what the manifest names, and nothing else, is served."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from geo.publishing.named import MANIFEST, ReleaseFile, named_files
from web.archive import Archive
from web.formats import in_todays_names

KEPT_OPEN = 8


class Release:
    """One published release: its manifest, its files and its tiles. Immutable once read.

    `manifest` is in the names of today, whatever version made the release; `as_made` says whether
    its file says the same. Raises FileNotFoundError if there is no manifest in the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        content = (folder / MANIFEST).read_bytes()
        made: dict[str, Any] = json.loads(content)
        self.manifest = in_todays_names(made)
        self.as_made = self.manifest == made
        self.number: int = made["release"]
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.files = {file.path: file for file in named_files(made)}
        self.files[MANIFEST] = ReleaseFile(MANIFEST, self.sha256, len(content))

    @property
    def tag(self) -> str:
        """Names the content of the release; another map's release 1 has another tag."""
        return f"{self.number}-{self.sha256[:12]}"

    @cached_property
    def layers(self) -> dict[str, dict[str, Any]]:
        """The manifest's layers by id."""
        return {layer["id"]: layer for layer in self.manifest["layers"]}

    @cached_property
    def sources(self) -> dict[str, dict[str, Any]]:
        """The manifest's sources by id."""
        return {source["id"]: source for source in self.manifest["sources"]}

    @cached_property
    def unplaced(self) -> dict[str, Any]:
        """Places without coordinates, by the area that they name (a file of the release)."""
        unplaced: dict[str, Any] = json.loads(
            self._read(self.manifest["files"]["unplaced"]["path"])
        )
        return unplaced

    @cached_property
    def style_text(self) -> str:
        """style.json as published, with its placeholders `{base}` and `{fonts}`."""
        return self._read(self.manifest["files"]["style"]["path"]).decode()

    @cached_property
    def archive(self) -> Archive:
        """The tiles of the whole map."""
        return Archive(self.folder / self.manifest["files"]["pmtiles"]["path"])

    def path_of(self, name: str) -> tuple[Path, ReleaseFile] | None:
        """Where a file of the release lies, if the manifest names it."""
        file = self.files.get(name)
        return (self.folder / file.path, file) if file else None

    def _read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


class Releases:
    """The releases of one map, by number."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read = lru_cache(maxsize=KEPT_OPEN)(_read)

    def get(self, number: int) -> Release | None:
        """The release, or None if its folder is not there. Old ones may have been removed.

        A map that was reset begins again at release 1, so a number is not enough to know it by.
        """
        folder = self._folder / str(number)
        try:
            found = (folder / MANIFEST).stat()
            return self._read(folder, (found.st_ino, found.st_mtime_ns))
        except FileNotFoundError:
            return None


def _read(folder: Path, _identity: tuple[int, int]) -> Release:
    return Release(folder)
