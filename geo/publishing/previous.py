"""The release before the coming one: files of it that are the coming one's as well are shared.

A shared file is one file with a name in each release, so that a release stores only what is new,
and whichever of them is removed, the other keeps it. Where the disk knows no second names, it is
a copy. Each is read before: bytes that are not those that were noted when the file was verified
are not carried on, and what they stood for is built anew.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo.publishing.content import Content
from geo.publishing.named import ReleaseFile, is_whole, named_files

Json = dict[str, Any]


@dataclass(frozen=True)
class Previous:
    """A published release: where its files lie, and its manifest as the database has it."""

    folder: Path
    manifest: Mapping[str, Any]

    def layer(self, layer_id: str) -> Json:
        """What the manifest says of a layer; empty where it has none."""
        layers = self.manifest.get("layers", [])
        return next((entry for entry in layers if entry["id"] == layer_id), {})

    def shared_layer(self, layer_id: str, content: Content, folder: Path) -> Json | None:
        """What the manifest says of a layer of the same content, its files now in `folder` too.

        None where the content is another, or where a file is not whole any more.
        """
        entry = self.layer(layer_id)
        same = content.is_that_of(entry.get("content"))
        return entry if same and self.share(entry["files"], folder) else None

    def archive(self, layer_id: str, content: Content) -> Path | None:
        """The layer's tiles, where what the release begins and ends is all that is other in them:
        they were cut in the same way, of rows that nobody touched since. None if they are not
        whole any more.
        """
        entry = self.layer(layer_id)
        builds_on = content.builds_on(entry.get("content"))
        return self._whole(entry["files"]["pmtiles"]) if builds_on else None

    def archive_of_map(self) -> Path | None:
        """The tiles of all layers, if they are whole."""
        return self._whole(self.manifest["files"]["pmtiles"])

    def share(self, described: Any, folder: Path) -> bool:
        """Gives the files that a part of the manifest describes a name in `folder` as well.

        False, and nothing is shared, where one of them is not what was described.
        """
        files = list(named_files(described))
        if not all(is_whole(self.folder, file) for file in files):
            return False
        for file in files:
            _link(self.folder, folder, file)
        return True

    def _whole(self, described: Json) -> Path | None:
        (file,) = named_files(described)
        return self.folder / file.path if is_whole(self.folder, file) else None


def _link(source: Path, target: Path, file: ReleaseFile) -> None:
    try:
        os.link(source / file.path, target / file.path)
    except OSError:  # another disk, one without links, or too many of them
        shutil.copyfile(source / file.path, target / file.path)
