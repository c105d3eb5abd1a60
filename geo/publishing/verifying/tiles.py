"""Opens the tile archives again: at every zoom every feature must be there, in its place.

Loss is measured on the finished bytes: located features of the layer that no tile of a zoom draws.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely
from pmtiles.reader import MmapSource, all_tiles

from geo.errors import ReleaseUnverified
from geo.publishing.columns import GEOMETRY, STANDARD, tile_columns
from geo.publishing.verifying.mvt import DrawnLayer, read_layers
from schemas.models import Layer

Floats: TypeAlias = npt.NDArray[np.float64]
Address: TypeAlias = tuple[int, int, int]
"""Zoom, column and row of a tile."""

_STANDS_OUT: Final = 3 / 4096
"""Share of a tile by which a vertex may leave its true bounds: rounding, or a speck's size."""


def verify_archive(rows: pa.Table, layer: Layer, path: Path) -> dict[int, int]:
    """Reads a layer's archive again; returns the loss at each declared zoom, which is always 0.

    Raises ReleaseUnverified if a located feature is not drawn at a zoom, if a tile holds one that
    is not located or draws it elsewhere, or if there is an attribute that tiles do not carry.
    """
    check = _Check(rows, layer, path)
    for at, tile in _tiles(path):
        for drawn in read_layers(tile, ("feature_id", "name_th")):
            check.see(at, drawn)
    loss = {zoom: int((~drawn).sum()) for zoom, drawn in check.drawn.items()}
    for zoom, lost in loss.items():
        if lost:
            raise ReleaseUnverified(path.name, f"zoom {zoom} loses {lost} features")
    return loss


class _Check:
    """What is known of the located features, and which of them were seen drawn at each zoom."""

    def __init__(self, rows: pa.Table, layer: Layer, path: Path) -> None:
        located = rows.filter(rows[GEOMETRY].is_valid())
        self._layer = layer.id
        self._file = path.name
        self._attributes = {"feature_id", *STANDARD, *tile_columns(layer)}
        self._numbers = {key: at for at, key in enumerate(located["feature_id"].to_pylist())}
        self._names = located["name_th"].to_pylist()
        self._bounds = _shares_of_the_world(located)
        zooms = range(layer.style.min_zoom, layer.style.max_zoom + 1)
        self.drawn = {zoom: np.zeros(len(located), dtype=np.bool_) for zoom in zooms}

    def see(self, at: Address, drawn: DrawnLayer) -> None:
        zoom, column, row = at
        if drawn.name != self._layer or zoom not in self.drawn:
            raise ReleaseUnverified(self._file, f"tile {at} holds layer {drawn.name}")
        if unknown := set(drawn.keys) - self._attributes:
            raise ReleaseUnverified(self._file, f"tile {at} holds {sorted(unknown)}")
        try:
            which = [self._numbers[key or ""] for key in drawn.texts["feature_id"]]
        except KeyError as error:
            problem = f"tile {at} holds {error}, which is not located"
            raise ReleaseUnverified(self._file, problem) from error
        if drawn.texts["name_th"] != [self._names[number] for number in which]:
            raise ReleaseUnverified(self._file, f"tile {at} spells name_th otherwise")
        west, north, east, south = self._bounds[which].T * 2**zoom
        x, y, room = column + drawn.x, row + drawn.y, _STANDS_OUT
        if not (
            ((west - room <= x) & (x <= east + room)).all()
            and ((north - room <= y) & (y <= south + room)).all()
        ):
            raise ReleaseUnverified(self._file, f"tile {at} draws a feature elsewhere")
        self.drawn[zoom][which] |= drawn.inside


def verify_whole_map(path: Path, layer_paths: Sequence[Path]) -> None:
    """The whole map's tiles are those of the layers, one after another, and no others."""
    layers = [_tiles(layer_path) for layer_path in layer_paths]
    coming = [next(tiles, None) for tiles in layers]
    for at, tile in _tiles(path):
        expected = b""
        for number, part in enumerate(coming):
            if part is not None and part[0] == at:
                expected += part[1]
                coming[number] = next(layers[number], None)
        if tile != expected:
            raise ReleaseUnverified(path.name, f"its tile {at} is not those of the layers")
    if any(coming):
        raise ReleaseUnverified(path.name, "tiles of the layers are missing")


def _shares_of_the_world(located: pa.Table) -> Floats:
    """West, north, east and south of each shape in the square of Web Mercator: 0 to 1, from the
    north-west corner.
    """
    if not len(located):
        return np.empty((0, 4))
    west, south, east, north = shapely.bounds(shapely.from_wkb(located[GEOMETRY].to_numpy())).T
    return np.column_stack([_across(west), _down(north), _across(east), _down(south)])


def _across(longitude: Floats) -> Floats:
    return longitude / 360 + 0.5


def _down(latitude: Floats) -> Floats:
    down: Floats = 0.5 - np.arctanh(np.sin(np.radians(latitude))) / (2 * np.pi)
    return down


def _tiles(path: Path) -> Iterator[tuple[Address, bytes]]:
    """Unpacked tiles in the order of the archive; no empty ones."""
    with path.open("rb") as file:
        source = MmapSource(file)  # type: ignore[no-untyped-call]
    for at, packed in all_tiles(source):  # type: ignore[no-untyped-call]
        if tile := gzip.decompress(packed):
            yield at, tile
