"""Vector tiles: one PMTiles archive per layer, and one that holds all layers.

The tiles are made by the database (sql/statements/publish_tiles.sql). The whole map's tile is the
layers' tiles one after another: a vector tile is a sequence of layers, so their bytes may be joined.
The same data gives the same bytes: fixed orders, and no times inside.
"""

from __future__ import annotations

import gzip
import html
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Final

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from sqlalchemy import Connection

from geo.database import run
from geo.publishing.columns import STANDARD, tile_columns
from schemas.models import Bilingual, ColumnType, Layer

Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees, EPSG:4326."""

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
        self._writer = Writer(self._file)

    def close(self) -> None:
        self._writer.tile_f.close()
        self._file.close()

    def add(self, zoom: int, tiles: Tiles) -> None:
        for number, tile in sorted((zxy_to_tileid(zoom, *at), tile) for at, tile in tiles.items()):
            self._writer.write_tile(number, gzip.compress(tile, GZIP_LEVEL, mtime=0))

    def finish(self, metadata: Mapping[str, Any], bounds: Bounds) -> None:
        """Writes header, directories and metadata."""
        if not self._writer.tile_entries:
            # All places of the layer are held at areas. An archive without a tile cannot be opened.
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
        self._writer.finalize(header, dict(metadata))


def build_tiles(
    connection: Connection,
    layers: Sequence[Layer],
    folder: Path,
    *,
    titles: Mapping[str, Bilingual],
    attributions: Mapping[str, Sequence[str]],
    notice: Bilingual | None,
    bounds: Bounds,
) -> dict[str, Path]:
    """Writes `<layer>.pmtiles` for each layer and `map.pmtiles`; returns their paths by name.

    `titles` and `attributions` (names of agencies) are given by layer id, and by `map` for the whole.
    Reads the rows that `gather_features` put into the transaction's temporary table.
    """
    names = [*(layer.id for layer in layers), WHOLE_MAP]
    paths = {name: folder / f"{name}.pmtiles" for name in names}
    with ExitStack() as stack:
        archives = {
            name: stack.enter_context(closing(Archive(path))) for name, path in paths.items()
        }
        first, last = zooms(layers)
        for zoom in range(first, last + 1):
            _add_zoom(connection, zoom, layers, archives)
        contents = {layer.id: [layer] for layer in layers} | {WHOLE_MAP: list(layers)}
        for name, archive in archives.items():
            words = _words(titles[name], attributions[name], notice)
            archive.finish({**words, **_contents(contents[name], bounds)}, bounds)
    return paths


def zooms(layers: Sequence[Layer]) -> tuple[int, int]:
    """The lowest and the highest zoom at which any of the layers is declared."""
    styles = [layer.style for layer in layers]
    return min(style.min_zoom for style in styles), max(style.max_zoom for style in styles)


def _add_zoom(
    connection: Connection, zoom: int, layers: Sequence[Layer], archives: Mapping[str, Archive]
) -> None:
    whole: dict[tuple[int, int], list[bytes]] = defaultdict(list)
    for layer in layers:
        if layer.style.min_zoom <= zoom <= layer.style.max_zoom:
            rows = run(connection, "publish_tiles", layer=layer.id, zoom=zoom)
            tiles = {(row.x, row.y): bytes(row.tile) for row in rows}
            archives[layer.id].add(zoom, tiles)
            for at, tile in tiles.items():
                whole[at].append(tile)
    archives[WHOLE_MAP].add(zoom, {at: b"".join(parts) for at, parts in whole.items()})


def _words(
    title: Bilingual, agencies: Sequence[str], notice: Bilingual | None
) -> dict[str, Any]:
    """What a viewer shows beside the map. Attribution is shown as HTML by most of them."""
    return {
        "name": title.th,
        "description": f"{title.th} / {title.en}",
        "attribution": ", ".join(html.escape(name) for name in agencies),
        "notice": notice.model_dump() if notice else None,
    }


def _contents(layers: Sequence[Layer], bounds: Bounds) -> dict[str, Any]:
    first, last = zooms(layers)
    return {
        "type": "overlay",
        "format": "pbf",
        "minzoom": first,
        "maxzoom": last,
        "bounds": ",".join(str(degrees) for degrees in bounds),
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
