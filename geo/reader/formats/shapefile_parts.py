"""Do .shp, .shx and .dbf agree? GDAL reads a cut one without a word.

Layouts: ESRI Shapefile Technical Description (1998); dBASE III header.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geo.reader.refused import Refused

HEADER_BYTES, RECORD_HEADER_BYTES = 100, 8
NULL_SHAPE = 0
DELETED = ord("*")
COUNT_OFFSET = {3: 40, 5: 40, 13: 40, 15: 40, 23: 40, 25: 40, 8: 36, 18: 36, 28: 36, 31: 40}
"""Bytes from the start of a record's content to its number of points, by shape type."""


@dataclass
class Structure:
    """`has_shape` says for each record whether the .shp holds a shape with points for it."""

    records: int
    deleted: int
    has_shape: NDArray[np.bool_]
    oddities: list[tuple[str, str]] = field(default_factory=list)


def check(shp: Path, shx: Path, dbf: Path) -> Structure:
    """Compare the three parts; raises `Refused` (shapefile_truncated) where one is cut."""
    offsets, lengths = _index(shx)
    oddities: list[tuple[str, str]] = []
    content = _mapped(shp)
    stated = _stated_bytes(content)
    if stated > content.size:
        raise Refused("shapefile_truncated", f".shp: {content.size} of {stated} bytes")
    if stated < content.size:
        oddities.append(("shapefile_trailing_bytes", f"{content.size - stated} after the .shp"))
    _compare(content, stated, offsets, lengths)
    records, deleted = _table(dbf)
    if records != offsets.size:
        raise Refused("shapefile_truncated", f".shx: {offsets.size}, .dbf: {records} records")
    if deleted:
        oddities.append(("deleted_records", f"{deleted} records of the .dbf are marked deleted"))
    return Structure(records, deleted, _has_shape(content, offsets, lengths), oddities)


def _mapped(path: Path) -> NDArray[np.uint8]:
    return np.memmap(path, np.uint8, "r") if path.stat().st_size else np.zeros(0, np.uint8)


def _stated_bytes(header: NDArray[np.uint8]) -> int:
    if header.size < HEADER_BYTES:
        raise Refused("shapefile_truncated", f"{header.size} bytes")
    return 2 * int.from_bytes(bytes(header[24:28]), "big")


def _index(shx: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Offset and length in bytes of each record's content, from the .shx."""
    whole = np.fromfile(shx, np.uint8)
    stated = _stated_bytes(whole)
    if stated != whole.size or (stated - HEADER_BYTES) % RECORD_HEADER_BYTES:
        raise Refused("shapefile_truncated", f".shx: {whole.size} of {stated} bytes")
    pairs = whole[HEADER_BYTES:].view(">i4").reshape(-1, 2).astype(np.int64) * 2
    return pairs[:, 0] + RECORD_HEADER_BYTES, pairs[:, 1]


def _compare(
    content: NDArray[np.uint8],
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
    if not np.array_equal(_integers(content, offsets - 4, ">i4") * 2, lengths):
        raise Refused("shapefile_truncated", ".shp and .shx disagree on the length of a record")


def _table(dbf: Path) -> tuple[int, int]:
    """Number of records of the .dbf, and how many of them are marked deleted."""
    whole = _mapped(dbf)
    if whole.size < 32:
        raise Refused("shapefile_truncated", f".dbf: {whole.size} bytes")
    header = bytes(whole[:32])
    records = int.from_bytes(header[4:8], "little")
    start = int.from_bytes(header[8:10], "little")
    width = int.from_bytes(header[10:12], "little")
    end = start + records * width
    if width == 0 or whole.size < end:
        raise Refused("shapefile_truncated", f".dbf: {whole.size} of {end} bytes")
    if whole.size - end >= width:
        more = (whole.size - end) // width
        raise Refused("shapefile_truncated", f".dbf holds {more} records more than it states")
    flags = whole[start:end].reshape(records, width)[:, 0]
    return records, int(np.count_nonzero(flags == DELETED))


def _has_shape(
    content: NDArray[np.uint8], offsets: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.bool_]:
    if offsets.size == 0:
        return np.zeros(0, np.bool_)
    types = _integers(content, offsets, "<i4")
    has_shape: NDArray[np.bool_] = np.not_equal(types, NULL_SHAPE)
    for kind, offset in COUNT_OFFSET.items():
        of_kind = np.flatnonzero((types == kind) & (lengths >= offset + 4))
        points = _integers(content, offsets[of_kind] + offset, "<i4")
        has_shape[of_kind[points == 0]] = False
    return has_shape


def _integers(
    content: NDArray[np.uint8], offsets: NDArray[np.int64], dtype: str
) -> NDArray[np.int64]:
    """The four-byte integers at `offsets`."""
    four = content[offsets[:, None] + np.arange(4)]
    return np.ascontiguousarray(four).view(dtype)[:, 0].astype(np.int64)
