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
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from geo.errors import ConfigurationError, DropsMissing
from geo.fetch import FetchLimits, fetch
from geo.states import Refusal, Snapshot, StoredFile
from schemas.models import Bilingual, Source, SourceFormat

_SHAPEFILE_PARTS = {".shp", ".shx", ".dbf", ".prj", ".cpg"}
_CHUNK = 1 << 20


def snapshot(
    source: Source, drops: Path | None, store: Path, limits: FetchLimits | None = None
) -> Snapshot | Refusal:
    """Stores what `source.location` holds now.

    `drops` is the folder that relative locations lie below. A location where nothing is comes back
    as the refusal `nothing_came`. Raises DropsMissing, ConfigurationError and FetchFailed.
    """
    fetched_at = datetime.now(UTC)
    if urlsplit(source.location).scheme in ("http", "https"):
        files: Sequence[StoredFile] = [_store_url(source.location, store, limits or FetchLimits())]
    else:
        paths = _find(source, drops)
        if not paths:
            return _nothing_came(source.location)
        files = [_store_path(path, store) for path in paths]
    return _write_manifest(source, files, fetched_at, store)


def reopen(source_id: str, sha256: str, store: Path) -> Snapshot:
    """A snapshot taken earlier, by its sha256. Raises ConfigurationError if it is gone."""
    path = _manifest_path(store, source_id, sha256)
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


def _find(source: Source, drops: Path | None) -> list[Path]:
    """Files of the delivery below `drops`, newest match of a pattern, in order of name."""
    if drops is None or not drops.is_dir():
        raise DropsMissing(drops or Path("drops"))
    wanted = PurePosixPath(source.location)
    if wanted.is_absolute() or ".." in wanted.parts:
        raise ConfigurationError(f"source {source.id}: `location` must lie below the drops folder")
    root = drops.resolve()
    found = [path for path in root.glob(source.location) if path.resolve().is_relative_to(root)]
    if not found:
        return []
    newest = max(found, key=lambda path: (path.stat().st_mtime_ns, path.name))
    if newest.is_dir():
        return sorted(path for path in newest.iterdir() if path.is_file())
    if source.format is SourceFormat.shapefile and newest.suffix.lower() == ".shp":
        return sorted(
            path
            for path in newest.parent.iterdir()
            if path.stem.lower() == newest.stem.lower() and path.suffix.lower() in _SHAPEFILE_PARTS
        )
    return [newest]


def _store_path(path: Path, store: Path) -> StoredFile:
    with tempfile.NamedTemporaryFile(dir=_incoming(store), delete=False) as copy:
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as original:
            while chunk := original.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    return _keep(Path(copy.name), path.name, digest.hexdigest(), size, store)


def _store_url(url: str, store: Path, limits: FetchLimits) -> StoredFile:
    with tempfile.NamedTemporaryFile(dir=_incoming(store), delete=False) as copy:
        try:
            fetch(url, copy.file, limits)  # type: ignore[arg-type]  # the stubs know IO[bytes] alone
        except BaseException:
            Path(copy.name).unlink()
            raise
        copy.flush()
        os.fsync(copy.fileno())
    body = Path(copy.name)
    with body.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    name = PurePosixPath(urlsplit(url).path).name or "download"
    return _keep(body, name, digest, body.stat().st_size, store)


def _keep(temporary: Path, name: str, sha256: str, size: int, store: Path) -> StoredFile:
    """Moves a complete copy under its hash; bytes that are there already are left alone."""
    blob = _blob(store, sha256)
    if blob.exists():
        temporary.unlink()
    else:
        blob.parent.mkdir(parents=True, exist_ok=True)
        temporary.chmod(0o444)
        temporary.rename(blob)
    return StoredFile(name, sha256, size, blob)


def _write_manifest(
    source: Source, files: Sequence[StoredFile], fetched_at: datetime, store: Path
) -> Snapshot:
    listing = [{"name": file.name, "sha256": file.sha256, "bytes": file.size} for file in files]
    sha256 = (
        files[0].sha256
        if len(files) == 1
        else hashlib.sha256(json.dumps(listing, sort_keys=True).encode()).hexdigest()
    )
    path = _manifest_path(store, source.id, sha256)
    if path.exists():
        return reopen(source.id, sha256, store)
    manifest = {
        "source": source.id,
        "location": source.location,
        "fetched_at": fetched_at.isoformat(),
        "files": listing,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    unfinished.write_text(json.dumps(manifest, ensure_ascii=False, indent=1), "utf-8")
    unfinished.replace(path)
    return Snapshot(source.id, sha256, tuple(files), fetched_at)


def _incoming(store: Path) -> Path:
    """On the store's own file system, so that keeping a copy is one rename."""
    folder = store / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _blob(store: Path, sha256: str) -> Path:
    return store / "blobs" / sha256[:2] / sha256


def _manifest_path(store: Path, source_id: str, sha256: str) -> Path:
    return store / "manifests" / source_id / f"{sha256}.json"
