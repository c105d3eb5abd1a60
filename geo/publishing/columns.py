"""What of a layer is public: the allow-list that every product is held against.

It is taken from the declarations alone. SQL takes it from the database's register; a product leaves
only when both agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from schemas.models import Column, ColumnType, Layer, Privacy

Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees, EPSG:4326."""

STANDARD: Final = ("district_code", "subdistrict_code", "location_precision", "source_id")
"""Standard columns of every product, after `feature_id` and the layer's own columns."""

GEOMETRY: Final = "geom"

RESERVED: Final[Mapping[str, frozenset[str]]] = {
    # GeoPandas calls the shape `geometry`, wherever it was read from.
    "geojson": frozenset({"geometry", "id", "wkb_geometry"}),  # the feature's id; GDAL's shape
    "gpkg": frozenset({"geometry", "fid", "ogc_fid"}),  # GDAL's number of a row
    "csv": frozenset({"geometry", "lon", "lat", "geom_wkt", "wkt"}),  # ours; GDAL's shape
    "parquet": frozenset({"geometry"}),
}
"""Names that a format keeps for itself: a column of that name is written there as `<name>_`."""

_ARROW_TYPES: Final[dict[ColumnType, pa.DataType]] = {
    ColumnType.integer: pa.int64(),
    ColumnType.number: pa.float64(),
    ColumnType.boolean: pa.bool_(),
    ColumnType.date: pa.date32(),
    ColumnType.year: pa.int32(),
}


def public_columns(layer: Layer) -> dict[str, Column]:
    """The layer's own columns that anybody may see, in the order of the declaration."""
    return {
        name: column for name, column in layer.columns.items() if column.privacy is Privacy.public
    }


def written_names(layer: Layer, product: str) -> dict[str, str]:
    """The layer's public columns that a format calls otherwise, and how."""
    taken = {*layer.columns, "feature_id", *STANDARD, GEOMETRY} | RESERVED[product]
    written = {}
    for name in public_columns(layer):
        if name in RESERVED[product]:
            other = f"{name}_"
            while other in taken:
                other += "_"
            written[name] = other
            taken.add(other)
    return written


def tile_columns(layer: Layer) -> dict[str, Column]:
    """Those of them that tiles carry: the names, and what is declared `in_tiles`."""
    return {
        name: column
        for name, column in public_columns(layer).items()
        if column.in_tiles or name in ("name_th", "name_en")
    }


def arrow_schema(layer: Layer) -> pa.Schema:
    """Columns and types of the layer's rows; `geom` is WKB, EPSG:4326, null at an area."""
    return pa.schema(
        [
            pa.field("feature_id", pa.string(), nullable=False),
            *(
                pa.field(name, _ARROW_TYPES.get(column.type, pa.string()))
                for name, column in public_columns(layer).items()
            ),
            *(pa.field(name, pa.string()) for name in STANDARD),
            pa.field(GEOMETRY, pa.binary()),
        ]
    )
