"""The located features of a layer as the database has them: what its tiles are held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import Connection

from geo.errors import ReleaseUnverified
from geo.publishing.counting import DEEPEST
from geo.publishing.publication import Publication
from geo.store.database import stream
from schemas.models import Layer

Integers: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]

_WORLD: Final = 1 << (DEEPEST + 12)
_TEXT_OF_ID: Final = 36
_DASHES: Final = (8, 13, 18, 23)
_ROUNDED: Final = 1e-6
"""Units by which two ways to reckon a place may differ."""


@dataclass(frozen=True)
class Roster:
    """One entry per feature, in the order of `ids`.

    ids: the 16 octets of the identity, as two numbers.
    names: `name_th`, null where it has none.
    bounds: west, north, east and south as shares of the world of Web Mercator, 0 to 1 from its
        north-west corner.
    spots: column and row of the unit that holds a spot on the feature (functions/047_tiles.sql).
    """

    ids: npt.NDArray[np.uint64]
    names: pa.StringArray
    bounds: Floats
    spots: Integers

    def __len__(self) -> int:
        return len(self.names)

    def at(self, zoom: int, which: Integers | slice = slice(None)) -> Integers:
        """Column and row of the spots' units at a zoom, of all features or of some."""
        return self.spots[which] >> (DEEPEST - zoom)

    def find(self, texts: pa.StringArray) -> Integers:
        """Where the features with these identities stand, -1 for what is none of them."""
        wanted = _ids_of_texts(texts)
        if wanted is None or not len(self):
            return np.full(len(texts), -1, np.int64)
        first = self.ids[:, 0]
        at = np.searchsorted(first, wanted[:, 0])
        while True:  # more than once only where two identities begin alike
            here = np.minimum(at, len(first) - 1)
            alike = (at < len(first)) & (first[here] == wanted[:, 0])
            found = alike & (self.ids[here, 1] == wanted[:, 1])
            if (found | ~alike).all():
                return np.where(found, here, -1)
            at = np.where(found, at, at + 1)


def read_roster(connection: Connection, publication: Publication, layer: Layer) -> Roster:
    """The layer's located features in the release.

    Raises ReleaseUnverified if the cutter's spots are not those of the features.
    """
    rows = stream(connection, "publish_roster", 1, layer=layer.id, target=publication.number)
    spots = stream(connection, "publish_roster_spots", 1, layer=layer.id)
    return roster_of(layer.id, list(rows), list(spots))


def roster_of(layer_id: str, rows: Sequence[Any], spots: Sequence[Any]) -> Roster:
    """A roster of the batches that the database gives (meta.tile_roster, meta.tile_spots).

    Raises ReleaseUnverified as `read_roster` does.
    """
    ids, order = _in_order(_numbers([row[0] for row in rows], ">u8", 2))
    names = pa.chunked_array([_names(row[1], row[2]) for row in rows], pa.string())
    bounds = np.concatenate([np.empty((0, 4)), *(_bounds(row[0], row[3]) for row in rows)])
    placed, places = _in_order(_numbers([row[0] for row in spots], ">u8", 2))
    units = _numbers([row[1] for row in spots], ">i4", 2).astype(np.int64)
    if not np.array_equal(ids, placed):
        raise ReleaseUnverified(layer_id, "spots are those of other features")
    roster = Roster(ids, names.combine_chunks().take(pa.array(order)), bounds[order], units[places])
    west, north, east, south = (roster.bounds * _WORLD).T
    x, y = roster.spots.T
    if not (
        ((west - 1 - _ROUNDED <= x) & (x <= east + _ROUNDED)).all()
        and ((north - 1 - _ROUNDED <= y) & (y <= south + _ROUNDED)).all()
    ):
        raise ReleaseUnverified(layer_id, "spots lie elsewhere")
    return roster


def _in_order(octets: npt.NDArray[Any]) -> tuple[npt.NDArray[np.uint64], Integers]:
    ids = octets.astype(np.uint64)  # in the machine's own order of octets, which sorts faster
    order = np.lexsort((ids[:, 1], ids[:, 0]))
    return ids[order], order


def _numbers(parts: Sequence[bytes], kind: str, width: int) -> npt.NDArray[Any]:
    return np.frombuffer(b"".join(parts), kind).reshape(-1, width)


def _bounds(ids: bytes, degrees: bytes) -> Floats:
    """West, north, east and south of each feature, in shares of the world; of points, they come as
    two numbers.
    """
    numbers = np.frombuffer(degrees, ">f8").astype(np.float64).reshape(len(ids) // 16, -1)
    west, south, east, north = numbers.T if numbers.shape[1] == 4 else [*numbers.T, *numbers.T]
    return np.column_stack([_across(west), _down(north), _across(east), _down(south)])


def _names(texts: bytes, octets: bytes) -> pa.StringArray:
    sizes = np.frombuffer(octets, ">i4").astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(np.maximum(sizes, 0))]).astype(np.int32)
    valid = np.packbits(sizes >= 0, bitorder="little")
    buffers = [pa.py_buffer(part) for part in (valid, offsets, texts)]
    return pa.StringArray.from_buffers(len(sizes), buffers[1], buffers[2], buffers[0])


def _across(longitude: Floats) -> Floats:
    return longitude / 360 + 0.5


def _down(latitude: Floats) -> Floats:
    with np.errstate(divide="ignore"):  # a pole is nowhere in this world
        down: Floats = 0.5 - np.arctanh(np.sin(np.radians(latitude))) / (2 * np.pi)
    return np.clip(down, 0, 1)


def _ids_of_texts(texts: pa.StringArray) -> npt.NDArray[np.uint64] | None:
    """The octets of identities that are written out; None where one is not."""
    if not len(texts):
        return np.empty((0, 2), np.uint64)
    sizes = np.diff(np.frombuffer(texts.buffers()[1], np.int32)[: len(texts) + 1])
    if texts.null_count or (sizes != _TEXT_OF_ID).any():
        return None
    letters = np.frombuffer(texts.buffers()[2], np.uint8)[: len(texts) * _TEXT_OF_ID]
    digits = np.delete(letters.reshape(-1, _TEXT_OF_ID), _DASHES, axis=1)
    halves = np.where(digits > 57, digits - 87, digits - 48).astype(np.uint8)
    octets = np.ascontiguousarray(halves[:, 0::2] << 4 | halves[:, 1::2])
    return octets.view(">u8").astype(np.uint64)
