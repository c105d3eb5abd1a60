"""Opens the files of a layer again, with another reader than their writer where there is one.

Counts, identities, values, positions and the names of columns are held against the rows that SQL
gave and against the declarations. Whatever differs raises ReleaseUnverified.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import geopandas
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyogrio
import shapely

from geo.errors import ReleaseUnverified
from geo.publishing.columns import GEOMETRY, arrow_schema, as_written
from schemas.models import GeometryKind, Layer

CENTIMETRE: Final = 1e-7
"""Degrees; the last decimal of the text formats."""

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def verify_files(rows: pa.Table, layer: Layer, paths: Mapping[str, Path]) -> None:
    """Reads the files of one layer again. `rows` are the rows that they were written from."""
    if rows.schema != arrow_schema(layer):
        raise ReleaseUnverified(layer.id, f"columns {rows.schema.names} are not the public ones")
    _check_geojson(as_written(rows, layer, "geojson"), paths["geojson"])
    _check_geopackage(as_written(rows, layer, "gpkg"), paths["gpkg"])
    _check_parquet(as_written(rows, layer, "parquet"), paths["parquet"])
    _check_csv(as_written(rows, layer, "csv"), layer, paths["csv"])


def _check_geojson(rows: pa.Table, path: Path) -> None:
    meta, found = pyogrio.read_arrow(path, DATE_AS_STRING="YES")
    if not len(rows):  # it has no columns, having no features
        _expect(path, "features", len(found), 0)
        return
    _expect(path, "id", found["id"].to_pylist(), rows["feature_id"].to_pylist())
    _check_table(rows, found.drop_columns(["id"]), meta, path, tolerance=CENTIMETRE)


def _check_geopackage(rows: pa.Table, path: Path) -> None:
    meta, found = pyogrio.read_arrow(path)
    _check_table(rows, found, meta, path, tolerance=0)


def _check_parquet(rows: pa.Table, path: Path) -> None:
    found = geopandas.read_parquet(path)
    _expect(path, "CRS", found.crs.to_string(), "OGC:CRS84")
    _expect(path, "columns", list(found.columns), rows.column_names)
    for name in ("feature_id", "name_th"):
        texts = pa.array(found[name], pa.string(), from_pandas=True)
        _expect(path, name, texts.to_pylist(), rows[name].to_pylist())
    _check_shapes(rows, np.asarray(found.geometry.array), path, tolerance=0)


def _check_csv(rows: pa.Table, layer: Layer, path: Path) -> None:
    csv.field_size_limit(sys.maxsize)  # a boundary is one long cell
    with path.open(encoding="utf-8-sig", newline="") as file:
        names, *lines = csv.reader(file)
    places = ["lon", "lat"] if layer.geometry is GeometryKind.point else ["geom_wkt"]
    values = rows.drop_columns([GEOMETRY])
    _expect(path, "columns", names, [*values.column_names, *places])
    cells = dict(zip(names, np.array(lines, dtype=object).reshape(-1, len(names)).T, strict=True))
    for field in values.schema:
        if pa.types.is_string(field.type):
            expected = [_neutral(text or "") for text in values[field.name].to_pylist()]
            _expect(path, field.name, cells[field.name].tolist(), expected)
    _check_shapes(rows, _shapes_of_cells([cells[name] for name in places]), path, CENTIMETRE)


def _shapes_of_cells(places: list[npt.NDArray[np.object_]]) -> npt.NDArray[np.object_]:
    """Points of longitude and latitude, or shapes of WKT; None where the cells are empty."""
    filled = places[0] != ""
    shapes = np.full(len(filled), None, dtype=object)
    cells = [place[filled] for place in places]
    if len(cells) == 2:
        shapes[filled] = shapely.points(*(cell.astype(np.float64) for cell in cells))
    else:
        shapes[filled] = shapely.from_wkt(cells[0])
    return shapes


def _neutral(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _check_table(
    rows: pa.Table, found: pa.Table, meta: Mapping[str, Any], path: Path, tolerance: float
) -> None:
    geometry = meta["geometry_name"] or "wkb_geometry"
    values = found.drop_columns([geometry])
    _expect(path, "CRS", meta["crs"], "EPSG:4326")
    _expect(path, "columns", [*values.column_names, GEOMETRY], rows.column_names)
    _expect(path, "features", len(found), len(rows))
    for name in values.column_names:
        if not values[name].cast(rows.schema.field(name).type).equals(rows[name]):
            raise ReleaseUnverified(path.name, f"column {name} reads back otherwise")
    _check_shapes(rows, shapely.from_wkb(found[geometry].to_numpy()), path, tolerance)


def _check_shapes(
    rows: pa.Table, found: npt.NDArray[np.object_], path: Path, tolerance: float
) -> None:
    wanted = shapely.bounds(shapely.from_wkb(rows[GEOMETRY].to_numpy()))
    if not np.allclose(shapely.bounds(found), wanted, rtol=0, atol=tolerance, equal_nan=True):
        raise ReleaseUnverified(path.name, "shapes lie elsewhere, or are missing")


def _expect(path: Path, what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise ReleaseUnverified(path.name, f"{what}: {_short(found)} instead of {_short(wanted)}")


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) < 200 else f"{text[:200]}..."
