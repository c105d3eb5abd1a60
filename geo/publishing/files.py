"""The public rows of a layer as files: GeoJSON, GeoPackage, CSV and GeoParquet.

All hold the same rows, ordered by `feature_id`, and the same rows give the same bytes. Places
at an area have no geometry in any of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
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

from geo.publishing.columns import GEOMETRY
from geo.publishing.rows import Rows
from geo.space import wkb
from schemas.models import GeometryKind

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


def write_geopackage(rows: Rows, path: Path) -> None:
    """A GeoPackage, by GDAL."""
    layer = rows.layer
    pyogrio.write_arrow(
        rows.reader("gpkg"),
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


def write_csv(rows: Rows, path: Path) -> None:
    """UTF-8 with BOM, which Excel needs; text that would be run as a formula gets an apostrophe."""
    kind = rows.layer.geometry
    with path.open("wb") as file:
        file.write(b"\xef\xbb\xbf")
        reader = rows.reader("csv")
        with pyarrow.csv.CSVWriter(file, _csv_schema(reader.schema, kind)) as writer:
            for batch in reader:
                values = _without_formulas(batch.drop_columns([GEOMETRY]))
                places = _positions(batch[GEOMETRY], kind)
                arrays = [*values.columns, *places.values()]
                writer.write_batch(pa.record_batch(arrays, names=[*values.schema.names, *places]))


def place_columns(kind: GeometryKind) -> dict[str, pa.DataType]:
    """How a CSV file says where something is: `lon` and `lat` in degrees, or `geom_wkt`."""
    if kind is GeometryKind.point:
        return {"lon": pa.float64(), "lat": pa.float64()}
    return {"geom_wkt": pa.string()}


def _csv_schema(schema: pa.Schema, kind: GeometryKind) -> pa.Schema:
    values = [field for field in schema if field.name != GEOMETRY]
    return pa.schema([*values, *place_columns(kind).items()])


def _without_formulas(batch: pa.RecordBatch) -> pa.RecordBatch:
    for position, field in enumerate(batch.schema):
        if pa.types.is_string(field.type):
            safe = pc.replace_substring_regex(batch[field.name], FORMULA, r"'\1")
            batch = batch.set_column(position, field, safe)
    return batch


def _positions(column: pa.Array, kind: GeometryKind) -> dict[str, pa.Array]:
    shapes = wkb.read(column).shapes
    if kind is GeometryKind.point:
        degrees = np.round(shapes.xy, DECIMALS)
        values: list[Any] = [degrees[:, 0], degrees[:, 1]]
    else:
        values = [shapely.to_wkt(shapes.drawn, rounding_precision=DECIMALS)]
    return {
        name: pa.array(column, kind_of, from_pandas=True)
        for column, (name, kind_of) in zip(values, place_columns(kind).items(), strict=True)
    }


def write_parquet(rows: Rows, path: Path) -> None:
    """GeoParquet 1.1; without `crs` the coordinates are OGC:CRS84, longitude first. A batch of rows
    is a row group.
    """
    reader = rows.reader("parquet")
    geo = json.dumps(geo_metadata(rows))
    schema = reader.schema.with_metadata({"geo": geo})
    with pyarrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
        if not rows.facts.features:
            writer.write_table(schema.empty_table())


def geo_metadata(rows: Rows) -> dict[str, Any]:
    """What GeoParquet says of the column of shapes."""
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": [GEOMETRY_TYPES[rows.layer.geometry]],
    }
    if bounds := rows.facts.bounds:
        column["bbox"] = list(bounds)
    return {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}


WRITERS: Final[Mapping[str, Callable[[Rows, Path], None]]] = {
    "gpkg": write_geopackage,
    "csv": write_csv,
    "parquet": write_parquet,
}
"""By the ending of the file's name. GeoJSON is written by the database (rows.py)."""
