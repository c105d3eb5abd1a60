"""Tiles out of a release's PMTiles archive: a file in memory, and the parts of its directory.

A directory is read once, by whole columns, and kept. What is left of a request is two look-ups and
a piece of memory: short enough for the event loop, whatever else the process is doing.
"""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import Compression, zxy_to_tileid

KEPT_DIRECTORIES: Final = 256
"""Of one archive; a directory of 4,096 entries takes 128 KiB."""
DEEPEST: Final = 4
"""Directories on the way to a tile, as PMTiles 3 has it."""

Column = NDArray[np.int64]


class Directory(NamedTuple):
    """A part of the directory, by columns: `runs` tiles from `ids` on lie at `offsets`; where
    `runs` is 0, a directory does.
    """

    ids: Column
    runs: Column
    lengths: Column
    offsets: Column

    def find(self, tile: int) -> tuple[int, int, int] | None:
        """Run, offset and length of the entry that a tile's number falls into."""
        at = int(np.searchsorted(self.ids, tile, side="right")) - 1
        if at < 0:
            return None
        run = int(self.runs[at])
        if run and tile >= int(self.ids[at]) + run:
            return None
        return run, int(self.offsets[at]), int(self.lengths[at])


class Archive:
    """The whole map's tiles: one PMTiles file, mapped into memory."""

    def __init__(self, path: Path) -> None:
        untyped: Any = Reader  # pmtiles has no annotations
        mapped: Any = MmapSource
        with path.open("rb") as file:
            self._bytes = mapped(file)
        reader = untyped(self._bytes)
        self.header: dict[str, Any] = reader.header()
        self.metadata: dict[str, Any] = reader.metadata()
        self.gzipped = self.header["tile_compression"] == Compression.GZIP
        self._directory = lru_cache(maxsize=KEPT_DIRECTORIES)(self._read)

    def has(self, z: int, x: int, y: int) -> bool:
        """Could there be a tile: is it a zoom of the archive, and inside the world?

        The zoom first: 2**z is the size of the world, and z is whatever a stranger wrote.
        """
        zooms = range(self.header["min_zoom"], self.header["max_zoom"] + 1)
        return z in zooms and 0 <= x < 2**z and 0 <= y < 2**z

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """The stored bytes of a tile (gzipped if `gzipped`); None where nothing is drawn."""
        number = zxy_to_tileid(z, x, y)
        offset, length = self.header["root_offset"], self.header["root_length"]
        for _ in range(DEEPEST):
            found = self._directory(offset, length).find(number)
            if found is None:
                return None
            run, start, length = found
            if run:
                stored: bytes = self._bytes(self.header["tile_data_offset"] + start, length)
                return stored
            offset = self.header["leaf_directory_offset"] + start
        return None

    def plain(self, stored: bytes) -> bytes:
        """The tile itself, without the archive's compression."""
        return gzip.decompress(stored) if self.gzipped else stored

    def _read(self, offset: int, length: int) -> Directory:
        packed = self._bytes(offset, length)
        gzipped = self.header["internal_compression"] == Compression.GZIP
        return directory(gzip.decompress(packed) if gzipped else packed)


def directory(packed: bytes) -> Directory:
    """A directory of PMTiles 3: the number of its entries, then its columns one after the other.

    Numbers are of the tiles one after the other; 0 for an offset is right behind the entry before.
    """
    count, *_ = numbers = varints(packed)
    ids, runs, lengths, said = numbers[1 : 4 * int(count) + 1].reshape(4, -1)
    behind = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    placed = np.maximum.accumulate(np.where(said > 0, np.arange(len(said)), 0))
    offsets = said[placed] - 1 + behind - behind[placed]
    return Directory(np.cumsum(ids), runs, lengths, offsets)


def varints(packed: bytes) -> Column:
    """Whole numbers of seven bits a byte, the least first; the last byte of each is below 128."""
    octets = np.frombuffer(packed, np.uint8)
    ends = np.flatnonzero(octets < 128)
    starts = np.concatenate([[0], ends[:-1] + 1])
    values = np.zeros(len(ends), np.int64)
    for place in range(int((ends - starts).max(initial=-1)) + 1):
        there = starts + place <= ends
        seven = octets[starts[there] + place].astype(np.int64) & 127
        values[there] |= seven << (7 * place)
    return values
