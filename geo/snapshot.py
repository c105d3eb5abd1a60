"""Step 1, snapshot: the exact bytes of a delivery, stored once under their sha256.

    <store>/blobs/<aa>/<sha256>                       the bytes, read-only
    <store>/manifests/<source>/<snapshot sha256>.json what they were called, when and how they came

A delivery of one file has the sha256 of that file; one of several (a bare shapefile, a folder) has
the sha256 of its list of names and hashes.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from urllib.parse import urlsplit

from geo.errors import ConfigurationError, DropsMissing
from geo.fetching.http import Fetched, FetchLimits, TooLarge, fetch
from geo.states import Refusal, Snapshot, StoredFile
from schemas.formats import FORMATS
from schemas.models import Bilingual, Source

_CHUNK = 1 << 20


def snapshot(
    source: Source, drops: Path | None, store: Path, limits: FetchLimits | None = None
) -> Snapshot | Refusal:
    """Stores what `source.location` holds now.

    `drops` is the folder that relative locations lie below. A location where nothing is comes back
    as the refusal `nothing_came`, one that the system does not let us read as `file_unreadable`,
    one that is larger than `limits` as `delivery_too_large`, before it is copied.
    Raises DropsMissing, ConfigurationError and FetchFailed.
    """
    fetched_at = datetime.now(UTC)
    limits = limits or FetchLimits()
    try:
        if urlsplit(source.location).scheme in ("http", "https"):
            file, fetched = _store_url(source.location, store, limits)
            return _write_manifest(source, [file], fetched_at, store, fetched)
        files = _store_paths(_find(source, drops), store, limits.most_bytes)
    except _Unreadable as error:
        return _file_unreadable(source.location, str(error))
    except TooLarge as error:
        return _delivery_too_large(error.size, limits.most_bytes)
    if not files:
        return _nothing_came(source.location)
    return _write_manifest(source, files, fetched_at, store)


def reopen(source_id: str, sha256: str, store: Path) -> Snapshot:
    """A snapshot taken earlier, by its sha256. Raises ConfigurationError if it is gone."""
    path = manifest_path(store, source_id, sha256)
    if not path.is_file():
        raise ConfigurationError(f"the delivery {sha256} of {source_id} is no longer in {store}")
    manifest = json.loads(path.read_text("utf-8"))
    files = tuple(
        StoredFile(entry["name"], entry["sha256"], entry["bytes"], _blob(store, entry["sha256"]))
        for entry in manifest["files"]
    )
    return Snapshot(source_id, sha256, files, datetime.fromisoformat(manifest["fetched_at"]))


def _nothing_came(location: str) -> Refusal:
    return Refusal(
        code="nothing_came",
        message=Bilingual(th=f"ไม่มีแฟ้มที่ {location}", en=f"nothing is at {location}"),
        detail=location,
    )


def _file_unreadable(location: str, problem: str) -> Refusal:
    return Refusal(
        code="file_unreadable",
        message=Bilingual(
            th=f"ระบบเปิดอ่านแฟ้มที่ {location} ไม่ได้ โปรดตรวจสิทธิ์การอ่าน ({problem})",
            en=f"the file at {location} cannot be opened; check that it may be read ({problem})",
        ),
        detail=problem,
    )


def _delivery_too_large(size: int, most: int) -> Refusal:
    return Refusal(
        code="delivery_too_large",
        message=Bilingual(
            th=f"ข้อมูลมีขนาด {size:,} ไบต์ เกินกว่า {most:,} ไบต์ที่กำหนดไว้ (ONEMAP_MAX_DELIVERY) "
            "โปรดแบ่งส่งเป็นหลายไฟล์ หรือให้ผู้ดูแลระบบเพิ่มค่านี้",
            en=f"the delivery has {size:,} bytes, and ONEMAP_MAX_DELIVERY allows {most:,}; divide "
            "it, or raise that setting",
        ),
        detail=f"{size} > {most}",
    )


class _Unreadable(Exception):
    """The system does not let us read the drops; faults of the store are not meant."""


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _Unreadable(f"{name}: {error.strerror}") from error


def _find(source: Source, drops: Path | None) -> list[Path]:
    """Files of the delivery below `drops`, newest match of a pattern, in order of name."""
    if drops is None or not drops.is_dir():
        raise DropsMissing(drops or Path("drops"))
    wanted = PurePosixPath(source.location)
    if wanted.is_absolute() or ".." in wanted.parts:
        raise ConfigurationError(f"source {source.id}: `location` must lie below the drops folder")
    root = drops.resolve()
    with _reading(source.location):
        found = [path for path in root.glob(source.location) if _lies_below(path, root)]
        if not found:
            return []
        newest = max(found, key=lambda path: (path.stat().st_mtime_ns, path.name))
        return sorted(path for path in _parts(newest, source.format) if _is_file_of(path, root))


def _parts(delivery: Path, format_: str) -> list[Path]:
    """What a delivery consists of: all that is in a folder, a file's parts beside it, itself."""
    if delivery.is_dir():
        return list(delivery.iterdir())
    parts = FORMATS[format_].parts
    if parts and delivery.suffix.lower() in FORMATS[format_].suffixes:
        return [
            path
            for path in delivery.parent.iterdir()
            if path.stem.lower() == delivery.stem.lower() and path.suffix.lower() in parts
        ]
    return [delivery]


def _is_file_of(path: Path, root: Path) -> bool:
    """A regular file of the drops: no pipe, which would wait for ever, and no link out of them."""
    return path.is_file() and _lies_below(path, root)


def _lies_below(path: Path, root: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(root)


def _store_paths(paths: Sequence[Path], store: Path, most: int) -> list[StoredFile]:
    """Copies of the files, which have no more than `most` bytes together. Raises TooLarge."""
    with _reading("the delivery"):
        whole = sum(path.stat().st_size for path in paths)
    if whole > most:
        raise TooLarge(whole)
    files: list[StoredFile] = []
    for path in paths:
        files.append(_store_path(path, store, most - sum(file.size for file in files)))
    return files


def _store_path(path: Path, store: Path, most: int) -> StoredFile:
    """A copy of one file; one that grows meanwhile is counted as it is read."""
    digest, size = hashlib.sha256(), 0
    with _incoming(store) as copy:
        for chunk in _chunks(path):
            digest.update(chunk)
            size += len(chunk)
            if size > most:
                raise TooLarge(size)
            copy.write(chunk)
    name = os.fsencode(path.name).decode("utf-8", "backslashreplace")
    return _keep(Path(copy.name), name, digest.hexdigest(), size, store)


def _chunks(path: Path) -> Iterator[bytes]:
    with _reading(path.name), path.open("rb") as original:
        while chunk := original.read(_CHUNK):
            yield chunk


def _store_url(url: str, store: Path, limits: FetchLimits) -> tuple[StoredFile, Fetched]:
    with _incoming(store) as copy:
        fetched = fetch(url, copy, limits)
    body = Path(copy.name)
    with body.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    name = PurePosixPath(urlsplit(url).path).name or "download"
    return _keep(body, name, digest, body.stat().st_size, store), fetched


@contextmanager
def _incoming(store: Path) -> Iterator[BinaryIO]:
    """A file for one copy, on the store's own file system, so that keeping it is one rename.

    It is whole when the block ends, and gone if the block fails.
    """
    folder = store / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as copy:
        try:
            yield copy.file  # type: ignore[misc]  # the stubs know IO[bytes] alone
        except BaseException:
            Path(copy.name).unlink()
            raise


def _keep(temporary: Path, name: str, sha256: str, size: int, store: Path) -> StoredFile:
    """Moves a complete copy under its hash, once it is on the disk.

    Bytes that are there already are left alone, and nobody waits for the disk because of them.
    """
    blob = _blob(store, sha256)
    if blob.exists():
        temporary.unlink()
    else:
        blob.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("rb") as copy:
            os.fsync(copy.fileno())
        temporary.chmod(0o444)
        temporary.rename(blob)
    return StoredFile(name, sha256, size, blob)


def _write_manifest(
    source: Source,
    files: Sequence[StoredFile],
    fetched_at: datetime,
    store: Path,
    fetched: Fetched | None = None,
) -> Snapshot:
    listing = [{"name": file.name, "sha256": file.sha256, "bytes": file.size} for file in files]
    sha256 = (
        files[0].sha256
        if len(files) == 1
        else hashlib.sha256(json.dumps(listing, sort_keys=True).encode()).hexdigest()
    )
    path = manifest_path(store, source.id, sha256)
    if path.exists():
        return reopen(source.id, sha256, store)
    manifest = {
        "source": source.id,
        "location": source.location,
        "fetched_at": fetched_at.isoformat(),
        "files": listing,
        "fetched": asdict(fetched) if fetched else None,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two looks of one process may write it at once: each has a name of its own.
    unfinished = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.tmp")
    unfinished.write_text(json.dumps(manifest, ensure_ascii=False, indent=1), "utf-8")
    unfinished.replace(path)
    return Snapshot(source.id, sha256, tuple(files), fetched_at)


def _blob(store: Path, sha256: str) -> Path:
    return store / "blobs" / sha256[:2] / sha256


def manifest_path(store: Path, source_id: str, sha256: str) -> Path:
    """Where it stands of what files a delivery consists."""
    return store / "manifests" / source_id / f"{sha256}.json"
