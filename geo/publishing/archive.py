"""PMTiles archives: how they are written, and how their tiles are had again.

A tile goes into an archive as it is stored: packed with gzip. Tiles may come in any order; the file
has them in the order of their numbers, and equal ones once. The same tiles give the same bytes.
"""

from __future__ import annotations

import hashlib
import mmap
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple

import deflate
from pmtiles.reader import Reader
from pmtiles.tile import Compression, Entry, TileType, deserialize_directory
from pmtiles.writer import finalize_header

from geo.publishing.columns import Bounds

Json = dict[str, Any]

LEVEL: Final = 6
"""Of libdeflate: smaller than zlib's 6, at a third of the time (ADR 0020)."""


def pack(tile: bytes) -> bytes:
    """A tile as it is stored and served. Other threads go on meanwhile."""
    return bytes(deflate.gzip_compress(tile, LEVEL))


def unpack(packed: bytes) -> bytes:
    """What `pack` was given; an error of libdeflate's if the bytes are damaged."""
    return bytes(deflate.gzip_decompress(packed))


BLANK: Final = pack(b"")
"""The tile of an archive that has none: readers cannot open it without."""


class Span(NamedTuple):
    """Where bytes lie in a file."""

    offset: int
    length: int


class Archive:
    """A PMTiles file in the making."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115 - closed by our own exit
        self._spans: dict[int, Span] = {}
        self._same: dict[bytes, Span] = {}

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Without `finish` before it, there is no archive."""
        self._kept.close()

    def add(self, number: int, packed: bytes) -> None:
        """Takes the packed tile of a number (`pmtiles.tile.zxy_to_tileid`)."""
        content = hashlib.blake2b(packed, digest_size=16).digest()
        if content not in self._same:
            self._same[content] = Span(self._kept.tell(), len(packed))
            self._kept.write(packed)
        self._spans[number] = self._same[content]

    def finish(self, metadata: Mapping[str, Any], bounds: Bounds, empty: int) -> Path:
        """Writes the file; returns its path. Without any tile it gets the blank one, as `empty`."""
        if not self._spans:
            self.add(empty, BLANK)
        entries, order = self._directory()
        length = sum(span.length for span in order)
        header = _header(metadata, bounds)
        parts = finalize_header(  # type: ignore[no-untyped-call]
            header, len(self._spans), entries, len(order), dict(metadata), True, length
        )
        with self.path.open("wb") as file:
            file.write(b"".join(parts))
            for span in order:
                self._kept.seek(span.offset)
                file.write(self._kept.read(span.length))
        return self.path

    def _directory(self) -> tuple[list[Entry], list[Span]]:
        """The entries of the directory, and what they stand for in the order of the file."""
        entries: list[Entry] = []
        placed: dict[Span, int] = {}
        end = 0
        for number in sorted(self._spans):
            span = self._spans[number]
            if span not in placed:
                placed[span] = end
                end += span.length
            last = entries[-1] if entries else None
            if last and last.offset == placed[span] and last.tile_id + last.run_length == number:
                last.run_length += 1
            else:
                entries.append(Entry(number, placed[span], span.length, 1))
        return entries, list(placed)


def _header(metadata: Mapping[str, Any], bounds: Bounds) -> Json:
    west, south, east, north = (round(degrees * 1e7) for degrees in bounds)
    return {
        "version": 3,
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_zoom": metadata["minzoom"],
    }


class Stored(Mapping[int, bytes]):
    """The packed tiles of an archive, by number and in their order."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        reader = Reader(lambda offset, length: self._bytes[offset : offset + length])  # type: ignore[no-untyped-call]
        header = reader.header()  # type: ignore[no-untyped-call]
        self.metadata: Json = reader.metadata()  # type: ignore[no-untyped-call]
        self._start: int = header["tile_data_offset"]
        self._leaves: int = header["leaf_directory_offset"]
        self._spans = {
            number: Span(entry.offset, entry.length)
            for entry in self._entries(header["root_offset"], header["root_length"])
            for number in range(entry.tile_id, entry.tile_id + entry.run_length)
        }

    def _entries(self, offset: int, length: int) -> Iterator[Entry]:
        for entry in deserialize_directory(self._bytes[offset : offset + length]):
            if entry.run_length:
                yield entry
            else:
                yield from self._entries(self._leaves + entry.offset, entry.length)

    def __getitem__(self, number: int) -> bytes:
        offset, length = self._spans[number]
        return self._bytes[self._start + offset : self._start + offset + length]

    def __iter__(self) -> Iterator[int]:
        return iter(self._spans)

    def __len__(self) -> int:
        return len(self._spans)

    def size(self, number: int) -> int:
        """Packed bytes of a tile."""
        return self._spans[number].length
