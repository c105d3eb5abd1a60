"""The public rows of a layer as files: GeoJSON, GeoPackage, CSV and GeoParquet.

All hold the same rows, ordered by `feature_id`, and the same rows give the same bytes. Places
at an area have no geometry in any of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
import pyogrio
import shapely
from sqlalchemy import Connection

from geo.errors import ReleaseUnverified
from geo.publishing.columns import (
    GEOMETRY,
    Bounds,
    arrow_schema,
    as_written,
    public_columns,
    written_names,
)
from geo.store.database import run
from schemas.models import GeometryKind, Layer

DECIMALS: Final = 7
"""Of degrees, in the text formats: about one centimetre, as RFC 7946 advises against more."""

FORMULA: Final = r"^([=+\-@\t\r\n])"
"""Beginnings of a cell that spreadsheets run as a formula (OWASP, CSV injection)."""

GEOMETRY_TYPES: Final = {
    GeometryKind.point: "Point",
    GeometryKind.line: "MultiLineString",
    GeometryKind.polygon: "MultiPolygon",
}
_TIMELESS: Final = "2000-01-01T00:00:00.000Z"


def read_rows(connection: Connection, layer: Layer, target: int) -> pa.Table:
    """The layer's public rows in release `target`; `geom` is WKB, EPSG:4326.

    Raises ReleaseUnverified if the database does not know a column as public that the declaration
    says is.
    """
    schema = arrow_schema(layer)
    wanted = list(public_columns(layer))
    run(connection, "publish_rows", layer=layer.id, target=target, columns=wanted)
    batches = []
    while (page := run(connection, "publish_rows_fetch")).rowcount:
        if unknown := set(schema.names) - set(page.keys()):
            raise ReleaseUnverified(layer.id, f"the database knows no public {sorted(unknown)}")
        values = dict(zip(page.keys(), zip(*page, strict=True), strict=True))
        arrays = [pa.array(values[field.name], field.type) for field in schema]
        batches.append(pa.record_batch(arrays, schema=schema))
    run(connection, "publish_rows_close")
    return pa.Table.from_batches(batches, schema)


def bounds_of(rows: pa.Table) -> Bounds | None:
    """What the located rows cover; None if none is located."""
    located = rows[GEOMETRY].drop_null()
    if not len(located):
        return None
    west, south, east, north = shapely.total_bounds(shapely.from_wkb(located.to_numpy())).tolist()
    return west, south, east, north


def write_geojson(connection: Connection, layer: Layer, target: int, path: Path) -> Path:
    """Writes the public rows of release `target` as GeoJSON (RFC 7946), made by the database."""
    wanted = list(public_columns(layer))
    names = written_names(layer, "geojson")
    run(
        connection, "publish_features", layer=layer.id, target=target, columns=wanted, written=names
    )
    with path.open("w", encoding="utf-8") as file:
        file.write('{"type":"FeatureCollection","features":[')
        separator = "\n"
        while features := run(connection, "publish_features_fetch").scalars().all():
            file.write(separator + ",\n".join(features))
            separator = ",\n"
        file.write("\n]}\n")
    run(connection, "publish_features_close")
    return path


@contextmanager
def fixed_dates() -> Iterator[None]:
    """While this lasts, a GeoPackage does not hold the time of its making (an option of GDAL that
    it takes from the process): the same rows give the same bytes.
    """
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _TIMELESS})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def write_files(rows: pa.Table, layer: Layer, folder: Path) -> dict[str, Path]:
    """Writes the layer's rows as GeoPackage, CSV and GeoParquet; returns their paths by format.

    A column whose name a format keeps for itself has another one there (columns.py: RESERVED).
    """
    paths = {name: folder / f"{layer.id}.{name}" for name in ("gpkg", "csv", "parquet")}
    _write_geopackage(as_written(rows, layer, "gpkg"), layer, paths["gpkg"])
    _write_csv(as_written(rows, layer, "csv"), layer, paths["csv"])
    _write_parquet(as_written(rows, layer, "parquet"), layer, paths["parquet"])
    return paths


def _write_geopackage(rows: pa.Table, layer: Layer, path: Path) -> None:
    pyogrio.write_arrow(
        rows,
        path,
        layer=layer.id,
        driver="GPKG",
        geometry_name=GEOMETRY,
        geometry_type=GEOMETRY_TYPES[layer.geometry],
        crs="EPSG:4326",
        layer_options={
            "GEOMETRY_NAME": GEOMETRY,
            "IDENTIFIER": layer.title.en,
            "DESCRIPTION": f"{layer.description.th}\n{layer.description.en}",
        },
    )


def _write_csv(rows: pa.Table, layer: Layer, path: Path) -> None:
    """UTF-8 with BOM, which Excel needs; text that would be run as a formula gets an apostrophe."""
    table = _without_formulas(rows.drop_columns([GEOMETRY]))
    for name, values in _positions(rows[GEOMETRY], layer.geometry).items():
        table = table.append_column(name, values)
    with path.open("wb") as file:
        file.write(b"\xef\xbb\xbf")
        pyarrow.csv.write_csv(table, file)


def _without_formulas(table: pa.Table) -> pa.Table:
    for position, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            safe = pc.replace_substring_regex(table[field.name], FORMULA, r"'\1")
            table = table.set_column(position, field, safe)
    return table


def _positions(wkb: pa.ChunkedArray, kind: GeometryKind) -> dict[str, pa.Array]:
    """Points as `lon` and `lat` in degrees; other shapes as WKT."""
    shapes = shapely.from_wkb(wkb.to_numpy())
    if kind is not GeometryKind.point:
        texts = shapely.to_wkt(shapes, rounding_precision=DECIMALS)
        return {"geom_wkt": pa.array(texts, pa.string(), from_pandas=True)}
    degrees = {"lon": shapely.get_x(shapes), "lat": shapely.get_y(shapes)}
    return {
        name: pa.array(np.round(values, DECIMALS), pa.float64(), from_pandas=True)
        for name, values in degrees.items()
    }


def _write_parquet(rows: pa.Table, layer: Layer, path: Path) -> None:
    """GeoParquet 1.1; without `crs` the coordinates are OGC:CRS84, longitude first."""
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": [GEOMETRY_TYPES[layer.geometry]],
    }
    if bounds := bounds_of(rows):
        column["bbox"] = list(bounds)
    geo = {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}
    described = rows.replace_schema_metadata({"geo": json.dumps(geo)})
    pyarrow.parquet.write_table(described, path, compression="zstd")
