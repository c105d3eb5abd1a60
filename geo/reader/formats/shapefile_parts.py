"""Do .shp, .shx and .dbf agree? GDAL reads a cut one without a word.

Layouts: ESRI Shapefile Technical Description (1998); dBASE III header.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geo.reader.refused import Refused

HEADER_BYTES, RECORD_HEADER_BYTES = 100, 8
BLOCK = 65_536
"""Records that are looked at together."""
NULL_SHAPE, NULL_SHAPE_BYTES = 0, 4
DELETED = ord("*")
FLAGS = np.frombuffer(b" *\0", np.uint8)
"""How a record of a .dbf may begin; NUL is none of the two, and some writers leave it."""
DBF_HEADER, DBF_FIELD, DBF_FIELDS_END = 32, 32, 0x0D
COUNT_OFFSET = {3: 40, 5: 40, 13: 40, 15: 40, 23: 40, 25: 40, 8: 36, 18: 36, 28: 36, 31: 40}
"""Bytes from the start of a record's content to its number of points, by shape type."""


@dataclass
class Content:
    """The bytes of a file, by their place. Of what was looked at, nothing stays in memory."""

    data: NDArray[np.uint8]
    held: mmap.mmap | None

    @property
    def size(self) -> int:
        """How many they are."""
        return self.data.size

    def __getitem__(self, part: slice) -> bytes:
        return self.data[part].tobytes()

    def integers(self, offsets: NDArray[np.int64], dtype: str) -> NDArray[np.int64]:
        """The four-byte integers at `offsets`."""
        found = np.empty(offsets.size, np.int64)
        for block in _blocks(offsets.size):
            four = self.data[offsets[block, None] + np.arange(4)]
            found[block] = np.ascontiguousarray(four).view(dtype)[:, 0]
            self.forget()
        return found

    def forget(self) -> None:
        """Mapped pages count as memory; those of a file are read again where they are needed."""
        if self.held is not None:
            self.held.madvise(mmap.MADV_DONTNEED)


def _blocks(count: int) -> Iterator[slice]:
    return (slice(at, at + BLOCK) for at in range(0, count, BLOCK))


@dataclass
class Structure:
    """What the bytes say, record by record.

    `has_shape`: the .shp holds a shape with points for it. `damaged`: its place in the .dbf was
    never written, or does not begin as a record does.
    """

    records: int
    deleted: int
    has_shape: NDArray[np.bool_]
    damaged: NDArray[np.bool_]
    oddities: list[tuple[str, str]] = field(default_factory=list)


def check(shp: Path, shx: Path, dbf: Path) -> Structure:
    """Compare the three parts; raises `Refused` (shapefile_truncated) where one is cut."""
    offsets, lengths = _index(shx)
    oddities: list[tuple[str, str]] = []
    content = _mapped(shp)
    stated = _stated_bytes(content[:HEADER_BYTES], content.size)
    if stated > content.size:
        raise Refused("shapefile_truncated", f".shp: {content.size} of {stated} bytes")
    if stated < content.size:
        oddities.append(("shapefile_trailing_bytes", f"{content.size - stated} after the .shp"))
    _compare(content, stated, offsets, lengths)
    _refuse_unknown_records(content, offsets, lengths)
    records, deleted, damaged = _table(dbf)
    if records != offsets.size:
        raise Refused("shapefile_truncated", f".shx: {offsets.size}, .dbf: {records} records")
    if deleted:
        oddities.append(("deleted_records", f"{deleted} records of the .dbf are marked deleted"))
    has_shape = _has_shape(content, offsets, lengths)
    return Structure(records, deleted, has_shape, damaged, oddities)


def _mapped(path: Path) -> Content:
    if not path.stat().st_size:
        return Content(np.zeros(0, np.uint8), None)
    with path.open("rb") as file:
        held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return Content(np.frombuffer(held, np.uint8), held)


def _stated_bytes(header: bytes, size: int) -> int:
    if size < HEADER_BYTES:
        raise Refused("shapefile_truncated", f"{size} bytes")
    return 2 * int.from_bytes(header[24:28], "big")


def _index(shx: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Offset and length in bytes of each record's content, from the .shx."""
    whole = np.fromfile(shx, np.uint8)
    stated = _stated_bytes(whole[:HEADER_BYTES].tobytes(), whole.size)
    if stated != whole.size or (stated - HEADER_BYTES) % RECORD_HEADER_BYTES:
        raise Refused("shapefile_truncated", f".shx: {whole.size} of {stated} bytes")
    pairs = whole[HEADER_BYTES:].view(">i4").reshape(-1, 2).astype(np.int64) * 2
    return pairs[:, 0] + RECORD_HEADER_BYTES, pairs[:, 1]


def _compare(
    content: Content,
    stated: int,
    offsets: NDArray[np.int64],
    lengths: NDArray[np.int64],
) -> None:
    if offsets.size == 0:
        if stated > HEADER_BYTES:
            raise Refused("shapefile_truncated", ".shx is empty, .shp is not")
        return
    ends = offsets + lengths
    if offsets.min() < HEADER_BYTES or lengths.min() < 4 or ends.max() > content.size:
        raise Refused("shapefile_truncated", ".shx points outside the .shp")
    if ends.max() < stated:
        raise Refused("shapefile_truncated", ".shp holds records that the .shx does not know")
    if not np.array_equal(content.integers(offsets - 4, ">i4") * 2, lengths):
        raise Refused("shapefile_truncated", ".shp and .shx disagree on the length of a record")


def _refuse_unknown_records(
    content: Content, offsets: NDArray[np.int64], lengths: NDArray[np.int64]
) -> None:
    """Every record of the .shp is in the .shx, and there once: a second scan, by what lies between.

    A program that edits in place leaves the old record where it was, under the number of the one
    that is used; a number that the .shx does not have is a record that would be lost.
    """
    order = np.argsort(offsets, kind="stable")
    starts = np.append(offsets[order] - RECORD_HEADER_BYTES, content.size)
    ends = np.insert((offsets + lengths)[order], 0, HEADER_BYTES)
    if (ends[:-1] > starts[:-1]).any():
        raise Refused("shapefile_truncated", "records of the .shp lie over each other")
    for gap in np.flatnonzero(ends < starts):
        at = int(ends[gap])
        while at + RECORD_HEADER_BYTES + NULL_SHAPE_BYTES <= starts[gap]:
            number, words = np.frombuffer(content[at : at + 8], ">i4").tolist()
            at += RECORD_HEADER_BYTES + 2 * words
            if number < 1 or words < NULL_SHAPE_BYTES // 2 or at > starts[gap]:
                break  # no record
            if number > offsets.size:
                raise Refused("shapefile_truncated", f".shx: {offsets.size}, .shp: {number}")


def _table(dbf: Path) -> tuple[int, int, NDArray[np.bool_]]:
    """Records of the .dbf, how many of them are marked deleted, and which are damaged."""
    whole = _mapped(dbf)
    if whole.size < DBF_HEADER:
        raise Refused("shapefile_truncated", f".dbf: {whole.size} bytes")
    header = whole[:DBF_HEADER]
    records = int.from_bytes(header[4:8], "little")
    start = int.from_bytes(header[8:10], "little")
    width = int.from_bytes(header[10:12], "little")
    end = start + records * width
    if width == 0 or whole.size < end:
        raise Refused("shapefile_truncated", f".dbf: {whole.size} of {end} bytes")
    if whole.size - end >= width:
        more = (whole.size - end) // width
        raise Refused("shapefile_truncated", f".dbf holds {more} records more than it states")
    if (fields := _field_bytes(whole[DBF_HEADER:start])) != width - 1:
        raise Refused("shapefile_truncated", f".dbf: fields of {fields} in records of {width - 1}")
    rows = whole.data[start:end].reshape(records, width)
    deleted, damaged = 0, np.empty(records, np.bool_)
    for block in _blocks(records):
        flags = rows[block, 0]
        deleted += int(np.count_nonzero(flags == DELETED))
        damaged[block] = ~np.isin(flags, FLAGS)
        unmarked = block.start + np.flatnonzero(flags == 0)
        damaged[unmarked] = ~rows[unmarked].any(axis=1)
        whole.forget()
    return records, deleted, damaged


def _field_bytes(descriptors: bytes) -> int:
    """Bytes of all fields together; the length of a text may take the byte of decimals, too."""
    total = 0
    for at in range(0, len(descriptors) - DBF_FIELD + 1, DBF_FIELD):
        if descriptors[at] == DBF_FIELDS_END:
            break
        kind, size, more = descriptors[at + 11], descriptors[at + 16], descriptors[at + 17]
        total += size + 256 * more * (kind == ord("C"))
    return total


def _has_shape(
    content: Content, offsets: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.bool_]:
    if offsets.size == 0:
        return np.zeros(0, np.bool_)
    types = content.integers(offsets, "<i4")
    null = (types == NULL_SHAPE) & (lengths == NULL_SHAPE_BYTES)
    has_shape: NDArray[np.bool_] = ~null
    for kind, offset in COUNT_OFFSET.items():
        of_kind = np.flatnonzero((types == kind) & (lengths >= offset + 4))
        points = content.integers(offsets[of_kind] + offset, "<i4")
        has_shape[of_kind[points == 0]] = False
    return has_shape
