"""Vector tiles: one PMTiles archive per layer, and one that holds all layers.

The tiles are made by the database (sql/statements/publish_tiles.sql). The whole map's tile is the
layers' tiles one after another: a vector tile is a sequence of layers, so bytes may be joined.
The same data gives the same bytes: fixed orders, and no times inside.
"""

from __future__ import annotations

import gzip
import html
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from heapq import merge
from itertools import count, groupby
from pathlib import Path
from typing import Any, Final

from pmtiles.reader import MmapSource, all_tiles
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from sqlalchemy import Connection

from geo.publishing.columns import STANDARD, Bounds, tile_columns
from geo.publishing.publication import Publication
from geo.store.database import run
from schemas.models import Bilingual, ColumnType, Layer

Tiles = Mapping[tuple[int, int], bytes]
"""The tiles of one zoom, uncompressed, by column and row."""

WHOLE_MAP: Final = "map"
GZIP_LEVEL: Final = 6
_FIELD_TYPES: Final = {
    ColumnType.integer: "Number",
    ColumnType.number: "Number",
    ColumnType.year: "Number",
    ColumnType.boolean: "Boolean",
}


class Archive:
    """A PMTiles file in the making. Zooms are added from the lowest to the highest."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._writer = Writer(self._file)  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Closes the files; without `finish` before it, what was written is no archive."""
        self._writer.tile_f.close()
        self._file.close()

    def add(self, zoom: int, tiles: Tiles) -> None:
        """Appends the tiles of one zoom, in the order of the archive. Lower zooms come first."""
        for number, tile in sorted((zxy_to_tileid(zoom, *at), tile) for at, tile in tiles.items()):
            self._writer.write_tile(number, gzip.compress(tile, GZIP_LEVEL, mtime=0))  # type: ignore[no-untyped-call]

    def finish(self, metadata: Mapping[str, Any], bounds: Bounds) -> None:
        """Writes header, directories and metadata."""
        if not self._writer.tile_entries:
            # All places of the layer are at areas. An archive without a tile cannot be opened.
            self.add(metadata["minzoom"], {(0, 0): b""})
        west, south, east, north = (round(degrees * 1e7) for degrees in bounds)
        header = {
            "version": 3,
            "tile_type": TileType.MVT,
            "tile_compression": Compression.GZIP,
            "min_lon_e7": west,
            "min_lat_e7": south,
            "max_lon_e7": east,
            "max_lat_e7": north,
            "center_zoom": metadata["minzoom"],
        }
        self._writer.finalize(header, dict(metadata))  # type: ignore[no-untyped-call]


def build_archive(
    connection: Connection, publication: Publication, layer: Layer, folder: Path
) -> Path:
    """Writes `<layer>.pmtiles` and returns its path.

    Reads the rows that `publish_gather` put into the transaction's temporary table.
    """
    path = folder / f"{layer.id}.pmtiles"
    with closing(Archive(path)) as archive:
        for zoom in range(layer.style.min_zoom, layer.style.max_zoom + 1):
            rows = run(connection, "publish_tiles", layer=layer.id, zoom=zoom)
            archive.add(zoom, {(row.x, row.y): bytes(row.tile) for row in rows})
        metadata = _metadata(publication, layer.title, [layer])
        archive.finish(metadata, publication.view.area.extent)
    return path


def join_archives(publication: Publication, layers: Mapping[str, Path], folder: Path) -> Path:
    """Writes `map.pmtiles`, made of the archives of all layers, and returns its path."""
    path, view = folder / f"{WHOLE_MAP}.pmtiles", publication.view
    with closing(Archive(path)) as archive:
        paths = [layers[layer.id] for layer in view.layers]
        for zoom, tiles in groupby(_joined(paths), lambda tile: tile[0]):
            archive.add(zoom, {(x, y): tile for _, x, y, tile in tiles})
        archive.finish(_metadata(publication, view.map.title, view.layers), view.area.extent)
    return path


def _joined(paths: Sequence[Path]) -> Iterator[tuple[int, int, int, bytes]]:
    """Zoom, column, row and bytes of each tile that draws something, in the order of an archive."""
    parts = merge(*map(_numbered, count(), paths))
    for _, same in groupby(parts, lambda part: part[0]):
        whole = list(same)
        zoom, column, row = whole[0][2]
        yield zoom, column, row, b"".join(gzip.decompress(packed) for *_, packed in whole)


def _numbered(order: int, path: Path) -> Iterator[tuple[int, int, tuple[int, int, int], bytes]]:
    with path.open("rb") as file:
        source = MmapSource(file)  # type: ignore[no-untyped-call]
    for at, packed in all_tiles(source):  # type: ignore[no-untyped-call]
        if gzip.decompress(packed):
            yield zxy_to_tileid(*at), order, at, packed


def _zooms(layers: Sequence[Layer]) -> tuple[int, int]:
    styles = [layer.style for layer in layers]
    return min(style.min_zoom for style in styles), max(style.max_zoom for style in styles)


def _metadata(
    publication: Publication, title: Bilingual, layers: Sequence[Layer]
) -> dict[str, Any]:
    """What a viewer needs to know of an archive (TileJSON's words). No release number, no time:
    the same content keeps the same bytes.
    """
    first, last = _zooms(layers)
    notice = publication.view.map.notice
    agencies = [
        publication.view.agencies[source.agency].title.th
        for source in publication.sources_of(*layers)
    ]
    return {
        "name": title.th,
        "description": f"{title.th} / {title.en}",
        # Shown as HTML by most viewers.
        "attribution": ", ".join(html.escape(name) for name in dict.fromkeys(agencies)),
        "notice": notice.model_dump() if notice else None,
        "type": "overlay",
        "format": "pbf",
        "minzoom": first,
        "maxzoom": last,
        "bounds": ",".join(str(degrees) for degrees in publication.view.area.extent),
        "vector_layers": [_vector_layer(layer) for layer in layers],
    }


def _vector_layer(layer: Layer) -> dict[str, Any]:
    own = {
        name: _FIELD_TYPES.get(column.type, "String")
        for name, column in tile_columns(layer).items()
    }
    return {
        "id": layer.id,
        "description": f"{layer.title.th} / {layer.title.en}",
        "minzoom": layer.style.min_zoom,
        "maxzoom": layer.style.max_zoom,
        "fields": {"feature_id": "String", **own, **dict.fromkeys(STANDARD, "String")},
    }
