"""Opens the files of a layer again, with another reader than their writer.

All rows of all columns, every vertex, the names of columns and the CRS are held against the rows
that the database gave and against the declarations, batch by batch. Whatever differs raises
ReleaseUnverified.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Final

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
import pyarrow.parquet
import pyogrio
import shapely

from geo.errors import ReleaseUnverified
from geo.publishing.columns import GEOMETRY
from geo.publishing.files import GEOMETRY_TYPES, place_columns
from geo.publishing.rows import BATCH_ROWS, Rows
from geo.publishing.verifying import forms
from schemas.models import GeometryKind

CENTIMETRE: Final = 1e-7
"""Degrees; the last decimal of the text formats."""

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_HEAD: Final = b'{"type":"FeatureCollection","features":['
_FOOT: Final = b"\n]}\n"
_BLOCK: Final = 32 << 20
"""Bytes of GeoJSON that are read at a time."""

_UNREADABLE: Final = (
    *(pa.ArrowException, sqlite3.Error, ValueError, KeyError, StopIteration),
    *(pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError),
)

Batches = Iterator[pa.RecordBatch]
"""Batches of what a file holds; shapes are in the column `geom`, as the format has them."""


def verify_file(rows: Rows, product: str, path: Path) -> None:
    """Reads a file again, which is named as its format. `rows` are those it was written from."""
    check = _CHECKS[product]
    try:
        found, wanted = check.read(rows, path), rows.reader(product)
        for theirs, ours in _side_by_side(found, wanted, path):
            _require_values(path, theirs, check.expected(ours))
            _require_shapes(path, check, rows.layer.geometry, theirs[GEOMETRY], ours[GEOMETRY])
    except _UNREADABLE as error:
        raise ReleaseUnverified(path.name, f"it does not read back: {_short(error)}") from error


def _side_by_side(
    found: Batches, wanted: Batches, path: Path
) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
    """Both in pieces of one length. Raises if one has more rows than the other."""
    theirs = ours = None
    while True:
        theirs = theirs if theirs is not None and len(theirs) else _next(found)
        ours = ours if ours is not None and len(ours) else _next(wanted)
        if theirs is None and ours is None:
            return
        if theirs is None or ours is None:
            raise ReleaseUnverified(path.name, f"it has {'more' if theirs else 'fewer'} rows")
        count = min(len(theirs), len(ours))
        yield theirs.slice(0, count), ours.slice(0, count)
        theirs, ours = theirs.slice(count), ours.slice(count)


def _next(batches: Batches) -> pa.RecordBatch | None:
    return next((batch for batch in batches if len(batch)), None)


def _require_values(path: Path, theirs: pa.RecordBatch, ours: pa.RecordBatch) -> None:
    for field in ours.schema:
        if field.name != GEOMETRY:
            found = theirs[field.name]
            same = found if found.type == field.type else found.cast(field.type)
            if not same.equals(ours[field.name]):
                raise ReleaseUnverified(path.name, f"column {field.name} reads back otherwise")


def _require_shapes(
    path: Path, check: _Check, kind: GeometryKind, theirs: pa.Array, ours: pa.Array
) -> None:
    if theirs.type == ours.type and theirs.equals(ours):
        return
    if not check.taken_apart(theirs, kind).is_at(check.wanted(ours, kind), check.tolerance):
        raise ReleaseUnverified(path.name, "shapes lie elsewhere, or are missing")


def _read_geojson(rows: Rows, path: Path) -> Batches:
    """By Arrow's parser of JSON lines: a feature is a line."""
    kind = GEOMETRY_TYPES[rows.layer.geometry]
    schema, named = _geojson_schema(rows), rows.reader("geojson").schema.names[:-1]
    for number, text in enumerate(_feature_lines(path)):
        if number == 0:
            first = json.loads(text[: text.find(b"\n")] if b"\n" in text else text)
            _expect(path, "columns", list(first["properties"]), named)
        table = pyarrow.json.read_json(
            pa.BufferReader(text),
            pyarrow.json.ReadOptions(block_size=len(text) + 1),
            pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
        )
        (found,) = table.combine_chunks().to_batches()
        values, shape = found["properties"], found["geometry"]
        _expect(path, "types", pc.unique(found["type"]).to_pylist(), ["Feature"])
        _expect(
            path, "kinds", set(pc.unique(shape.field("type")).to_pylist()) <= {kind, None}, True
        )
        if not found["id"].equals(values.field("feature_id")):
            raise ReleaseUnverified(path.name, "features have other ids than their properties say")
        lists = pc.if_else(shape.is_valid(), shape.field("coordinates"), None)
        yield pa.record_batch([*values.flatten(), lists], names=[*named, GEOMETRY])


def _geojson_schema(rows: Rows) -> pa.Schema:
    """What a feature consists of; days are texts."""
    properties = [
        field.with_type(pa.string()) if pa.types.is_date(field.type) else field
        for field in rows.reader("geojson").schema
        if field.name != GEOMETRY
    ]
    coordinates = forms.list_type(rows.layer.geometry)
    geometry = pa.struct([("type", pa.string()), ("coordinates", coordinates)])
    return pa.schema(
        [
            ("type", pa.string()),
            ("id", pa.string()),
            ("properties", pa.struct(properties)),
            ("geometry", geometry),
        ]
    )


def _feature_lines(path: Path) -> Iterator[bytes]:
    """Features in blocks, a line each; raises if the file is not made of such lines."""
    left = path.stat().st_size - len(_HEAD) - len(_FOOT)
    with path.open("rb") as file:
        head, rest = file.read(len(_HEAD)), b""
        while left > 0:
            block = file.read(min(_BLOCK, left))
            left -= len(block)
            rest += block
            end = rest.rfind(b",\n") if left else len(rest)
            if end > 0:
                yield rest[:end].strip(b"\n").replace(b",\n", b"\n")
                rest = rest[end + 2 :]
        _expect(path, "beginning and end", head + file.read(), _HEAD + _FOOT)


def _read_geopackage(rows: Rows, path: Path) -> Batches:
    """By GDAL; and SQLite says how many there are."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
        table = '"' + rows.layer.id.replace('"', '""') + '"'
        (count,) = database.execute(f"select count(*) from {table}").fetchone()  # noqa: S608
    _expect(path, "features", count, rows.facts.features)
    with pyogrio.open_arrow(path, batch_size=BATCH_ROWS, use_pyarrow=True) as (meta, reader):
        geometry = meta["geometry_name"] or "wkb_geometry"
        _expect(path, "CRS", meta["crs"], "EPSG:4326")
        _expect(path, "kind", meta["geometry_type"], GEOMETRY_TYPES[rows.layer.geometry])
        _expect(path, "columns", [*meta["fields"]], rows.reader("gpkg").schema.names[:-1])
        for batch in reader:
            renamed = [GEOMETRY if name == geometry else name for name in batch.schema.names]
            yield batch.rename_columns(renamed)


def _read_parquet(rows: Rows, path: Path) -> Batches:
    """By geopandas, which judges the metadata of the shapes as well; a row group at a time."""
    with pyarrow.parquet.ParquetFile(path) as file:
        _expect(path, "columns", file.schema_arrow.names, rows.reader("parquet").schema.names)
        _expect(path, "features", file.metadata.num_rows, rows.facts.features)
        geo = json.loads(file.schema_arrow.metadata[b"geo"])
        column = geo["columns"][GEOMETRY]
        said = [geo["primary_column"], column["encoding"], column["geometry_types"]]
        _expect(path, "shapes", said, [GEOMETRY, "WKB", [GEOMETRY_TYPES[rows.layer.geometry]]])
        bounds = rows.facts.bounds
        _expect(path, "bbox", column.get("bbox"), list(bounds) if bounds else None)
        for span in _spans_of_ids(file.metadata):
            frame = geopandas.read_parquet(
                path, filters=span, to_pandas_kwargs={"types_mapper": pd.ArrowDtype}
            )
            _expect(path, "CRS", frame.crs.to_authority(), ("OGC", "CRS84"))
            values = pa.Table.from_pandas(
                pd.DataFrame(frame.drop(columns=GEOMETRY)), preserve_index=False
            )
            wkb = pa.array(shapely.to_wkb(frame.geometry.to_numpy()), pa.binary())
            yield from values.append_column(GEOMETRY, wkb).combine_chunks().to_batches()


def _spans_of_ids(metadata: pyarrow.parquet.FileMetaData) -> Iterator[list[tuple[str, str, str]]]:
    """The ids of each row group, as a filter: rows lie by their ids."""
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    for ids in (group.column(0).statistics for group in groups if group.num_rows):
        yield [("feature_id", ">=", ids.min), ("feature_id", "<=", ids.max)]


def _read_csv(rows: Rows, path: Path) -> Batches:
    """By pandas' parser, everything as text; what is empty has no value."""
    places = place_columns(rows.layer.geometry)
    named = [*rows.reader("csv").schema.names[:-1], *places]
    with path.open(encoding="utf-8-sig", newline="") as file:
        _expect(path, "columns", next(csv.reader(file)), named)
    texts = pa.schema([(name, pa.string()) for name in named])
    frames = pd.read_csv(
        path, dtype=str, keep_default_na=False, encoding="utf-8-sig", chunksize=BATCH_ROWS
    )
    with frames:
        for frame in frames:
            batch = pa.RecordBatch.from_pandas(frame, schema=texts, preserve_index=False)
            empty = {name: _empty_is_null(batch[name]) for name in named}
            shapes = _place([empty.pop(name) for name in places])
            yield pa.record_batch({**empty, GEOMETRY: shapes})


def _empty_is_null(texts: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(texts, ""), None, texts)


def _place(cells: list[pa.Array]) -> pa.Array:
    """Longitude and latitude as coordinates, or WKT as it is."""
    if len(cells) == 1:
        return cells[0]
    degrees = [cell.cast(pa.float64()) for cell in cells]
    xy = np.column_stack([cell.to_numpy(zero_copy_only=False) for cell in degrees])
    starts = pa.array(np.arange(0, xy.size + 1, 2, dtype=np.int32))
    lists = pa.ListArray.from_arrays(starts, pa.array(xy.reshape(-1)))
    return pc.if_else(degrees[0].is_valid(), lists, None)


def _as_cells(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Texts as a spreadsheet may open them: none that is a formula, and an empty one is none."""
    for position, field in enumerate(rows.schema):
        if pa.types.is_string(field.type):
            texts = _empty_is_null(rows[field.name])
            formula = reduce(pc.or_, (pc.starts_with(texts, start) for start in _FORMULA_STARTS))
            neutral = pc.binary_join_element_wise("'", texts, "")
            rows = rows.set_column(position, field, pc.if_else(formula, neutral, texts))
    return rows


def _from_cells(column: pa.Array, kind: GeometryKind) -> forms.Forms:
    return forms.from_lists(column) if kind is GeometryKind.point else forms.from_wkt(column)


def _from_lists(column: pa.Array, _: GeometryKind) -> forms.Forms:
    return forms.from_lists(column)


def _as_it_is(rows: pa.RecordBatch) -> pa.RecordBatch:
    return rows


@dataclass(frozen=True)
class _Check:
    """How a format is read again, and what its values, its shapes and ours are held against."""

    read: Callable[[Rows, Path], Batches]
    tolerance: float = 0
    expected: Callable[[pa.RecordBatch], pa.RecordBatch] = _as_it_is
    taken_apart: Callable[[pa.Array, GeometryKind], forms.Forms] = forms.from_wkb
    wanted: Callable[[pa.Array, GeometryKind], forms.Forms] = forms.from_wkb


_CHECKS: Final[Mapping[str, _Check]] = {
    "geojson": _Check(
        _read_geojson, CENTIMETRE, taken_apart=_from_lists, wanted=forms.counter_clockwise
    ),
    "gpkg": _Check(_read_geopackage),
    "parquet": _Check(_read_parquet),
    "csv": _Check(_read_csv, CENTIMETRE, expected=_as_cells, taken_apart=_from_cells),
}


def _expect(path: Path, what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise ReleaseUnverified(path.name, f"{what}: {_short(found)} instead of {_short(wanted)}")


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) < 200 else f"{text[:200]}..."
