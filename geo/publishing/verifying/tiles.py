"""Opens the tile archives again: at every zoom every feature must be drawn or counted.

What is told is taken from the finished bytes, and held against the features as the database has
them. A feature is at home in one tile of each zoom, the one that its spot lies in: there it is
drawn or counted, once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pmtiles.reader import MmapSource, all_tiles
from pmtiles.tile import zxy_to_tileid

from geo.errors import ReleaseUnverified
from geo.publishing.archive import BLANK, Stored, pack, unpack
from geo.publishing.columns import STANDARD, tile_columns
from geo.publishing.counting import (
    BUDGET,
    LISTED,
    Account,
    budget_of,
    cell_bits,
    counts_of,
    is_heaped,
)
from geo.publishing.verifying.mvt import DrawnLayer, TileDamaged, layers_of, name_of, read_layers
from geo.publishing.verifying.roster import Roster
from schemas.models import GeometryKind, Layer

Integers: TypeAlias = npt.NDArray[np.int64]
Address: TypeAlias = tuple[int, int, int]
"""Zoom, column and row of a tile."""

_STANDS_OUT: Final = 3
"""Units by which a vertex may leave its true bounds: rounding, or a speck's size."""
_ROW: Final = np.array([1, 4096])
"""Makes one number of column and row."""
_TEXTS: Final = ("feature_id", "name_th", "places")


def verify_archive(
    roster: Roster, layer: Layer, path: Path, fresh: Set[int] | None = None
) -> dict[int, Account]:
    """Reads a layer's archive again; returns the account of each declared zoom.

    `fresh` are the numbers of the tiles that were cut for this archive, None where all were. Of
    the others, which were verified with the release before, it is seen only whether they draw or
    count (and `verify_untouched` sees that they are the same bytes).

    Raises ReleaseUnverified if a feature is neither drawn nor counted at a zoom, if a tile holds
    one that is not located, draws it elsewhere or counts others than lie there, if there is an
    attribute that tiles do not carry, or if a tile is larger than it may be.
    """
    check = LayerCheck(roster, layer, path.name)
    for at, packed in _tiles(path):
        if fresh is None or zxy_to_tileid(*at) in fresh:
            small = len(packed) <= budget_of(layer, at[0])
            _require(small, path.name, f"tile {at} has {len(packed)} bytes")
            check.see(at, unpack(packed))
        else:
            check.take_as_seen(at, unpack(packed))
    return check.accounts()


def verify_untouched(path: Path, previous: Path, fresh: Set[int]) -> None:
    """All tiles but the fresh ones are those of the archive before, byte for byte."""
    new, old = (
        {number: tile for number, tile in Stored(file).items() if number not in fresh}
        for file in (path, previous)
    )
    for number in new.keys() | old.keys():
        same = new.get(number, BLANK) == old.get(number, BLANK)
        _require(same, path.name, f"tile {number} is not that of the release before")


def verify_whole_map(
    path: Path,
    layers: Mapping[str, Path],
    checks: Callable[[str], LayerCheck],
    fresh: Set[int] | None = None,
) -> None:
    """The whole map's tiles are those of the layers, one after another, and no others; but where
    they are too large together, some layers are counted instead. `checks` gives the check of a
    layer. `fresh` as above.
    """
    stored = {name: Stored(layer) for name, layer in layers.items()}
    missing = {number for tiles in stored.values() for number in tiles if tiles[number] != BLANK}
    for at, packed in _tiles(path):
        number = zxy_to_tileid(*at)
        if number in missing and fresh is not None and number not in fresh:
            missing.remove(number)
            continue
        parts = {name: tiles[number] for name, tiles in stored.items() if number in tiles}
        _require(len(packed) <= BUDGET, path.name, f"tile {at} has {len(packed)} bytes")
        whole = b"".join(map(unpack, parts.values()))
        if unpack(packed) != whole:
            heavy = sum(map(len, parts.values())) > BUDGET or len(pack(whole)) > BUDGET
            _require(heavy, path.name, f"its tile {at} is not those of the layers")
            _check_counted(at, unpack(packed), parts, checks, path.name)
        missing.discard(number)
    _require(not missing, path.name, "tiles of the layers are missing")


def _check_counted(
    at: Address,
    tile: bytes,
    parts: Mapping[str, bytes],
    checks: Callable[[str], LayerCheck],
    file: str,
) -> None:
    """What is not the layer's own tile, counts all that is at home there."""
    spans = layers_of(tile)
    found = [(name_of(tile, *span), tile[slice(*span)]) for span in spans]
    for name, packed in parts.items():
        own = {name, counts_of(name)}
        mine = _messages(part for called, part in found if called in own)
        if mine != unpack(packed):
            checks(name).see_counts(at, mine)
    known = {name for layer in parts for name in (layer, counts_of(layer))}
    _require(known >= {name for name, _ in found}, file, f"tile {at} holds other layers")


class LayerCheck:
    """What is known of a layer's located features, and what was seen of them."""

    def __init__(self, roster: Roster, layer: Layer, file: str) -> None:
        self._roster = roster
        self._layer = layer
        self._file = file
        self._attributes = {"feature_id", *STANDARD, *tile_columns(layer)}
        zooms = range(layer.style.min_zoom, layer.style.max_zoom + 1)
        self._accounts = {zoom: Account(0, 0) for zoom in zooms}
        self._homes: dict[int, _Homes] = {}

    def see(self, at: Address, tile: bytes) -> None:
        """Checks a tile, and accounts for the features that are at home in it."""
        layers = self._read(at, tile)
        counts = layers.get(counts_of(self._layer.id))
        if counts and "places" not in counts.keys:
            self._check(at, len(layers) == 1, "draws what it counts")
            self.see_counts(at, tile)
            self._account(at[0], 0, len(self._home(at)))
            return
        members = self._home(at)
        heaps = self._heaps(at[0], members)
        alone = members[heaps == 1]
        shown = self._check_drawn(at, layers.get(self._layer.id))
        if not np.array_equal(shown, alone):  # as it is where nothing comes from a neighbour
            lost = np.setdiff1d(alone, shown)
            self._check(at, not len(lost), f"loses {len(lost)} features")
        self._check_heaps(at, counts, members[heaps > 1])
        self._account(at[0], len(alone), len(members) - len(alone))

    def see_counts(self, at: Address, tile: bytes) -> None:
        """A tile of counts: they are those of the features at home in it, cell by cell."""
        layers = self._read(at, tile) if tile else {}
        self._check(at, set(layers) <= {counts_of(self._layer.id)}, "draws what it should count")
        bits = cell_bits(self._layer, at[0])
        units = self._roster.at(at[0], self._home(at)) & 4095
        cells, wanted = np.unique((units >> bits) @ _ROW, return_counts=True)
        told = [
            (cell, count)
            for counts in layers.values()
            for cell, count in zip(
                ((np.column_stack([counts.x, counts.y]) >> bits) @ _ROW).tolist(),
                counts.numbers["count"].tolist(),
                strict=True,
            )
        ]
        found = dict(told)
        expected = dict(zip(cells.tolist(), wanted.tolist(), strict=True))
        same = len(told) == len(found) and found == expected
        self._check(at, same, f"counts {sum(found.values())} features of {len(units)}")

    def take_as_seen(self, at: Address, tile: bytes) -> None:
        """Accounts for a tile that was checked with the release before."""
        members = self._home(at)
        drawn = name_of(tile, *layers_of(tile)[0]) == self._layer.id
        alone = int((self._heaps(at[0], members) == 1).sum()) if drawn else 0
        self._account(at[0], alone, len(members) - alone)

    def accounts(self) -> dict[int, Account]:
        """Of all zooms. Raises ReleaseUnverified where a feature was not met."""
        for zoom, account in self._accounts.items():
            lost = len(self._roster) - account.drawn - account.counted
            if lost:
                raise ReleaseUnverified(self._file, f"zoom {zoom} loses {lost} features")
        return self._accounts

    def _read(self, at: Address, tile: bytes) -> dict[str, DrawnLayer]:
        try:
            layers = read_layers(tile, _TEXTS, ("count",))
        except TileDamaged as error:
            raise ReleaseUnverified(self._file, f"tile {at} is damaged: {error}") from error
        known = {self._layer.id: self._attributes, counts_of(self._layer.id): {"count", "places"}}
        for drawn in layers:
            expected = drawn.name in known and at[0] in self._accounts
            self._check(at, expected, f"holds layer {drawn.name}")
            unknown = set(drawn.keys) - known[drawn.name]
            self._check(at, not unknown, f"holds {sorted(unknown)}")
        self._check(at, len({drawn.name for drawn in layers}) == len(layers), "repeats a layer")
        return {drawn.name: drawn for drawn in layers}

    def _check_drawn(self, at: Address, drawn: DrawnLayer | None) -> Integers:
        """The features that are drawn in a tile, each as it should be and once."""
        if drawn is None:
            return np.empty(0, np.int64)
        which = self._find(at, drawn.texts["feature_id"], drawn.texts["name_th"])
        self._check(at, bool((np.diff(np.sort(which)) > 0).all()), "draws a feature twice")
        zoom, column, row = at
        west, north, east, south = self._roster.bounds[which].T * (4096 << zoom)
        x, y, room = column * 4096 + drawn.x, row * 4096 + drawn.y, _STANDS_OUT
        self._check(
            at,
            bool(
                ((west - room <= x) & (x <= east + room)).all()
                and ((north - room <= y) & (y <= south + room)).all()
            ),
            "draws a feature elsewhere",
        )
        if self._layer.geometry is GeometryKind.point:
            at_home = (self._roster.at(zoom, which) >> 12 == [column, row]).all()
            self._check(at, bool(at_home), "draws points of other tiles")
        return which[drawn.inside]

    def _check_heaps(self, at: Address, counts: DrawnLayer | None, members: Integers) -> None:
        """One feature stands for all on a spot: with their count, and the first of them."""
        if counts is None:
            self._check(at, not len(members), f"loses {len(members)} features")
            return
        units = self._roster.at(at[0], members) & 4095
        spots, heap, wanted = np.unique(units, axis=0, return_inverse=True, return_counts=True)
        order = np.lexsort((counts.y, counts.x))
        found = np.column_stack([counts.x, counts.y, counts.numbers["count"]])[order]
        same = np.array_equal(found, np.column_stack([spots, wanted]))
        self._check(at, same, "tells other counts than lie on its spots")
        by_heap = members[np.argsort(heap.ravel(), kind="stable")]
        heaps = np.split(by_heap, np.cumsum(wanted)[:-1])
        for text, here in zip(counts.texts["places"].take(pa.array(order)), heaps, strict=True):
            self._check_list(at, text.as_py(), here)

    def _check_list(self, at: Address, text: str | None, here: Integers) -> None:
        listed = json.loads(text or "[]")
        ids = pa.array([place.get("feature_id", "") for place in listed], pa.string())
        names = pa.array([place.get("name_th") for place in listed], pa.string())
        which = self._find(at, ids, names)
        self._check(at, which.tolist() == here[:LISTED].tolist(), "lists others on a spot")

    def _find(self, at: Address, ids: pa.StringArray, names: pa.StringArray) -> Integers:
        which = self._roster.find(ids)
        if (which < 0).any():
            stranger = ids[int(np.argmax(which < 0))].as_py()
            self._check(at, False, f"holds {stranger!r}, which is not located")
        same = self._roster.names.take(pa.array(which)).equals(names)
        self._check(at, same, "spells name_th otherwise")
        return which

    def _home(self, at: Address) -> Integers:
        """The features that are at home in a tile, in the order of the roster."""
        zoom, column, row = at
        if zoom not in self._homes:
            self._homes = {zoom: _Homes(self._roster.at(zoom) >> 12)}  # zooms come one by one
        return self._homes[zoom].of(column, row)

    def _heaps(self, zoom: int, members: Integers) -> Integers:
        """How many lie on the spot of each, where that makes one feature of them."""
        if not is_heaped(self._layer, zoom) or not len(members):
            return np.ones(len(members), np.int64)
        units = self._roster.at(zoom, members) & 4095
        _, which, counts = np.unique(
            units[:, 0] << 12 | units[:, 1], return_inverse=True, return_counts=True
        )
        heaps: Integers = counts[which]
        return heaps

    def _account(self, zoom: int, drawn: int, counted: int) -> None:
        before = self._accounts[zoom]
        self._accounts[zoom] = Account(before.drawn + drawn, before.counted + counted)

    def _check(self, at: Address, holds: bool, problem: str) -> None:
        _require(holds, self._file, f"tile {at} {problem}")


class _Homes:
    """Features by the tile that they are at home in."""

    def __init__(self, tiles: Integers) -> None:
        keys = tiles[:, 0] << 32 | tiles[:, 1]
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]

    def of(self, column: int, row: int) -> Integers:
        """In the order in which they were given."""
        key = column << 32 | row
        start, end = np.searchsorted(self._keys, [key, key + 1])
        return self._order[start:end]


def _messages(layers: Iterable[bytes]) -> bytes:
    """The layers as fields of a tile."""
    return b"".join(b"\x1a" + _varint(len(layer)) + layer for layer in layers)


def _varint(number: int) -> bytes:
    octets = []
    while number > 127:
        octets.append(number & 127 | 128)
        number >>= 7
    return bytes([*octets, number])


def _require(holds: bool, file: str, problem: str) -> None:
    if not holds:
        raise ReleaseUnverified(file, problem)


def _tiles(path: Path) -> Iterator[tuple[Address, bytes]]:
    """Packed tiles in the order of the archive; no blank ones."""
    with path.open("rb") as file:
        source = MmapSource(file)  # type: ignore[no-untyped-call]
    for at, packed in all_tiles(source):  # type: ignore[no-untyped-call]
        if packed != BLANK:
            yield at, packed
