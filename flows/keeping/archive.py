"""A backup as a folder: files, each with its sha256, and `backup.json`, which is written last.

It is filled beside (`.NAME.unfinished`) and renamed when it is whole. A file whose bytes the latest
backup of the same map in the same parent folder has is a hard link to them: many backups take
little more room than one, and each is whole in itself. So is a file whose bytes the backup has
under another name already, as releases share what did not change between them.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from geo.errors import BackupDamaged, ConfigurationError
from geo.publishing.durable import sync, sync_tree

MANIFEST: Final = "backup.json"
FORMAT: Final = 1
_CHUNK: Final = 1 << 20
_NAME: Final = re.compile(
    r"(database|staging)\.dump$|snapshots/(blobs|manifests)/.|releases/[0-9]{1,9}/."
)


class Damaged(Exception):
    """A file's bytes are not those that its hash names."""


@dataclass(frozen=True)
class Entry:
    """A file of a backup: the fingerprint and the number of its bytes."""

    sha256: str
    size: int


@dataclass
class Unfinished:
    """A backup that is being made in `folder`; `earlier` has files that may be linked, by hash."""

    folder: Path
    earlier: Mapping[str, Path]
    files: dict[str, Entry] = field(default_factory=dict)
    linked: int = 0
    """Bytes that an earlier backup has already."""
    copied: dict[tuple[int, int], str] = field(default_factory=dict)
    """Files that were read for it, by device and inode, and where their bytes are."""

    def add(self, name: str, source: Path, sha256: str | None = None) -> None:
        """Keeps the bytes of `source`; raises Damaged if they are not those of `sha256`."""
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if self._has_already(name, source, sha256):
            return
        known = self.earlier.get(sha256 or "")
        if known and sha256 and _link(known, target, sha256):
            self.linked += target.stat().st_size
            self.files[name] = Entry(sha256, target.stat().st_size)
            return
        entry = copy(source, target)
        if sha256 and entry.sha256 != sha256:
            target.unlink()
            raise Damaged(name)
        self.files[name] = entry
        self.copied[_identity(source)] = name

    def _has_already(self, name: str, source: Path, sha256: str | None) -> bool:
        """Was the file copied under another name? Then this is one more name of the copy."""
        other = self.copied.get(_identity(source), "")
        if not sha256 or other not in self.files or self.files[other].sha256 != sha256:
            return False
        try:
            os.link(self.folder / other, self.folder / name)
        except OSError:
            return False
        self.files[name] = self.files[other]
        return True

    def drop(self, below: str) -> None:
        """Takes out again what was added below a folder."""
        shutil.rmtree(self.folder / below, ignore_errors=True)
        self.files = {name: e for name, e in self.files.items() if not name.startswith(f"{below}/")}

    def own(self, path: Path) -> None:
        """Names a file that was written here by somebody else."""
        self.files[path.relative_to(self.folder).as_posix()] = entry_of(path)


@dataclass(frozen=True)
class Archive:
    """A whole backup: what it says of itself, and its files by name."""

    folder: Path
    said: Mapping[str, Any]
    files: Mapping[str, Entry]

    def verify(self) -> None:
        """Reads every file. Raises BackupDamaged if one is not what it was."""
        for name, entry in self.files.items():
            if problem := _problem(self.folder / name, entry):
                raise BackupDamaged(self.folder, f"{name} {problem}")

    @property
    def counts(self) -> dict[str, Any]:
        """What is in it, in numbers."""
        tables = self.said["tables"]
        return {
            "map": self.said["map"],
            "release": self.said["current"],
            "tables": len(tables),
            "rows": sum(table["rows"] for table in tables.values()),
            "deliveries": sum(name.startswith("manifests/") for name in self.below("snapshots")),
            "releases": len({name.split("/")[0] for name in self.below("releases")}),
            "bytes": sum({entry.sha256: entry.size for entry in self.files.values()}.values()),
        }

    def below(self, folder: str) -> dict[str, Entry]:
        """Files of a folder, by their name in it."""
        return {
            name.removeprefix(f"{folder}/"): entry
            for name, entry in self.files.items()
            if name.startswith(f"{folder}/")
        }


@contextmanager
def unfinished(folder: Path, map_id: str) -> Iterator[Unfinished]:
    """A place to fill beside `folder`; it is gone if the block fails.

    Raises ConfigurationError if the folder is there already, is being made by another process, or
    cannot be written.
    """
    if folder.exists():
        raise ConfigurationError(f"{folder} is there already; name a new folder for this backup")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _reserved(folder.parent / f".{folder.name}.unfinished") as place:
            try:
                yield Unfinished(place, _earlier(folder.parent, map_id))
            finally:
                shutil.rmtree(place, ignore_errors=True)
    except OSError as error:
        raise ConfigurationError(
            f"the backup cannot be written to {folder} ({error.strerror}); nothing was kept"
        ) from error


def finish(place: Unfinished, folder: Path, said: Mapping[str, Any]) -> Archive:
    """Writes what the backup says of itself, and gives the whole its name."""
    listed = {name: {"sha256": e.sha256, "bytes": e.size} for name, e in place.files.items()}
    content = {"format": FORMAT, **said, "files": listed}
    text = json.dumps({**content, "sha256": _seal(content)}, ensure_ascii=False, indent=1)
    sync_tree(place.folder)
    (place.folder / MANIFEST).write_text(text, "utf-8")
    sync(place.folder / MANIFEST)
    sync(place.folder)
    place.folder.rename(folder)
    sync(folder.parent)
    return Archive(folder, content, dict(place.files))


def open_archive(folder: Path) -> Archive:
    """A backup that was finished; its files are not read yet. Raises BackupDamaged."""
    try:
        content = json.loads((folder / MANIFEST).read_text("utf-8"))
        seal = content.pop("sha256")
        sound = content["format"] == FORMAT and seal == _seal(content)
        files = {name: Entry(e["sha256"], e["bytes"]) for name, e in content.pop("files").items()}
    except FileNotFoundError:
        raise BackupDamaged(folder, f"it has no {MANIFEST}") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise BackupDamaged(folder, f"its {MANIFEST} cannot be read") from None
    if not sound or not all(map(_is_ours, files)):
        raise BackupDamaged(folder, f"its {MANIFEST} is not as One Map wrote it")
    return Archive(folder, content, files)


def copy(source: Path, target: Path) -> Entry:
    """Copies a file, its bytes hashed on their way."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as original, target.open("xb") as made:
        while chunk := original.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            made.write(chunk)
    return Entry(digest.hexdigest(), size)


def entry_of(path: Path) -> Entry:
    """Fingerprint and size of a file as it is."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Entry(digest, path.stat().st_size)


@contextmanager
def _reserved(place: Path) -> Iterator[Path]:
    """An empty folder that one process fills; what a killed one left in it goes."""
    place.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(f"another backup is being written to {place}") from None
        for left in place.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield place
    finally:
        os.close(descriptor)


def _earlier(parent: Path, map_id: str) -> dict[str, Path]:
    """Files of the latest backup of the same map beside, by hash."""
    newest, said_at = None, ""
    for manifest in parent.glob(f"[!.]*/{MANIFEST}"):
        with suppress(BackupDamaged):
            found = open_archive(manifest.parent)
            made_at = str(found.said.get("made_at"))
            if found.said.get("map") == map_id and made_at > said_at:
                newest, said_at = found, made_at
    if newest is None:
        return {}
    return {entry.sha256: newest.folder / name for name, entry in newest.files.items()}


def _link(known: Path, target: Path, sha256: str) -> bool:
    """A second name for bytes that are there, if they are still those; False where it cannot be."""
    try:
        if entry_of(known).sha256 != sha256:
            return False
        os.link(known, target)
    except OSError:
        return False
    return True


def _identity(path: Path) -> tuple[int, int]:
    """Device and inode; of no file where none is there, for an earlier backup may have it."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return -1, -1
    return found.st_dev, found.st_ino


def _problem(path: Path, entry: Entry) -> str | None:
    """What is wrong with a file of a backup. A link is no file of it: it may lead anywhere."""
    try:
        if path.is_symlink() or not path.is_file():
            return "is missing"
        return None if entry_of(path) == entry else "has other bytes"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _seal(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _is_ours(name: str) -> bool:
    """Names of files that a backup has: none leads out of the folders that they are restored to."""
    parts = PurePosixPath(name).parts
    return bool(_NAME.match(name)) and ".." not in parts
