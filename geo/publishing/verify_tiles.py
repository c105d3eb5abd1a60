"""Opens the tile archives again: GDAL reads each zoom, and every feature must be there.

Loss is measured on the finished bytes: located features of the layer that no tile of a zoom holds.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
import pyogrio
import shapely
from pmtiles.reader import MmapSource, Reader, all_tiles

from geo.errors import ReleaseUnverified
from geo.publishing.columns import GEOMETRY, STANDARD, tile_columns
from schemas.models import Layer

Floats: TypeAlias = npt.NDArray[np.float64]

RADIUS: Final = 6378137.0
"""Of the sphere of EPSG:3857, in metres."""

_STANDS_OUT: Final = 3
"""Tile units by which a drawn shape may leave its true bounds: rounding, or a speck's size."""

_READ_AS_TEXT: Final = pyarrow.json.ParseOptions(
    explicit_schema=pa.schema([("feature_id", pa.string()), ("name_th", pa.string())]),
    newlines_in_values=True,
)


def verify_archive(rows: pa.Table, layer: Layer, path: Path) -> dict[int, int]:
    """Reads a layer's archive again; returns the loss at each declared zoom, which is always 0.

    Raises ReleaseUnverified if a located feature is missing at a zoom, if a tile holds one that is
    not located or draws it elsewhere, or if there is an attribute that tiles do not carry.
    """
    located = rows.filter(rows[GEOMETRY].is_valid())
    allowed = {"feature_id", *STANDARD, *tile_columns(layer)}
    header = _reader(path).header()  # type: ignore[no-untyped-call]
    loss = {}
    for zoom in range(layer.style.min_zoom, layer.style.max_zoom + 1):
        stored = header["min_zoom"] <= zoom <= header["max_zoom"]
        drawn = _read_zoom(layer, zoom, path) if stored else None
        loss[zoom] = len(located) - (0 if drawn is None else len(drawn["feature_id"].unique()))
        if drawn is not None:
            if unknown := set(drawn.column_names) - allowed - {GEOMETRY}:
                raise ReleaseUnverified(path.name, f"tiles hold {sorted(unknown)}")
            _check_features(drawn, located, zoom, path)
        if loss[zoom]:
            raise ReleaseUnverified(path.name, f"zoom {zoom} loses {loss[zoom]} features")
    return loss


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


def _read_zoom(layer: Layer, zoom: int, path: Path) -> pa.Table | None:
    """Attributes of all drawn pieces at a zoom, and `geom` as WKB in EPSG:3857; None if none."""
    meta, pieces = pyogrio.read_arrow(path, layer=layer.id, ZOOM_LEVEL=zoom, JSON_FIELD="YES")
    if not len(pieces):
        return None
    lines = "\n".join(pieces["json"].to_pylist()).encode()
    attributes = pyarrow.json.read_json(pa.py_buffer(lines), parse_options=_READ_AS_TEXT)
    return attributes.append_column(GEOMETRY, pieces[meta["geometry_name"] or "wkb_geometry"])


def _check_features(drawn: pa.Table, located: pa.Table, zoom: int, path: Path) -> None:
    which = pc.index_in(drawn["feature_id"], value_set=located["feature_id"])
    if which.null_count:
        raise ReleaseUnverified(path.name, f"zoom {zoom} holds a feature that is not located")
    if not drawn["name_th"].equals(located["name_th"].take(which)):
        raise ReleaseUnverified(path.name, f"zoom {zoom} spells name_th otherwise")
    unit = 2 * np.pi * RADIUS / 2**zoom / 4096
    pieces = shapely.bounds(shapely.from_wkb(drawn[GEOMETRY].to_numpy()))
    wholes = _web_mercator(shapely.bounds(shapely.from_wkb(located[GEOMETRY].to_numpy())))
    room = _STANDS_OUT * unit * np.array([-1, -1, 1, 1])
    beyond = (pieces - (wholes + room)[which.to_numpy()]) * np.array([-1, -1, 1, 1])
    if (beyond > 0).any():
        raise ReleaseUnverified(path.name, f"zoom {zoom} draws a feature elsewhere")


def _web_mercator(bounds: Floats) -> Floats:
    """Bounds in degrees as metres of EPSG:3857."""
    radians = np.radians(bounds)
    return RADIUS * np.column_stack(
        [
            radians[:, 0],
            np.arctanh(np.sin(radians[:, 1])),
            radians[:, 2],
            np.arctanh(np.sin(radians[:, 3])),
        ]
    )


def _reader(path: Path) -> Reader:
    with path.open("rb") as file:
        return Reader(MmapSource(file))  # type: ignore[no-untyped-call]


def _tiles(path: Path) -> Iterator[tuple[tuple[int, int, int], bytes]]:
    """Zoom, column and row, and unpacked bytes, in the order of the archive; no empty tiles."""
    for at, packed in all_tiles(_reader(path).get_bytes):  # type: ignore[no-untyped-call]
        if tile := gzip.decompress(packed):
            yield at, tile
