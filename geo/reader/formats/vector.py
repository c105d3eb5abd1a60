"""GDAL, for all formats that need it: fiona looks into a container, pyogrio reads it to Arrow."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError

from geo.reader import drivers
from geo.reader.refused import Refused
from geo.spill import ROWS_PER_BATCH
from schemas.formats import FORMATS

MAX_WARNINGS = 20
_GDAL_ERRORS = (DataLayerError, DataSourceError, FeatureError, FieldError, pa.ArrowException)


Result = TypeVar("Result")


@dataclass
class Features:
    """Some features of a layer in Arrow: `table` is without their geometry and ids."""

    table: pa.Table
    geometry: pa.Array | None
    fids: pa.Array


@dataclass
class Stream:
    """One layer as GDAL reads it: `batches` once, in order, and at least one of them.

    All `warnings` are there when the last batch has passed.
    """

    names: list[str]
    fid_column: str
    crs: str | None
    geometry_type: str | None
    batches: Iterator[Features]
    warnings: list[tuple[str, str]]


@dataclass
class Layer(Features):
    """One layer as a whole."""

    crs: str | None
    geometry_type: str | None
    warnings: list[tuple[str, str]]


def look_into(path: Path, format: str, layer: str | None = None) -> dict[str, Any]:
    """Schema, CRS and geometry type of a container, as fiona sees them, with one driver enabled."""
    import fiona
    from fiona.env import Env
    from fiona.errors import FionaError

    with Env() as env:
        drivers.check(env.drivers(), format)
    driver = FORMATS[format].driver
    try:
        with fiona.open(
            path, layer=layer, enabled_drivers=[driver], encoding="ISO-8859-1"
        ) as container:
            return {
                "crs_wkt": container.crs_wkt or None,
                "geometry_type": container.schema["geometry"],
                "features": len(container),
            }
    except FionaError as error:
        raise unreadable(error) from error


def layer_names(path: Path, format: str) -> list[str]:
    """Names of the layers of a container, in its order."""
    drivers.check(pyogrio.list_drivers(), format)
    try:
        return [str(name) for name, _ in pyogrio.list_layers(path)]
    except _GDAL_ERRORS as error:
        raise unreadable(error) from error


def read_layer(
    path: Path,
    format: str,
    layer: str | int | None = None,
    encoding: str | None = None,
    **options: str,
) -> Layer:
    """Read one layer whole; `options` are open options of its driver."""
    stream = stream_layer(path, format, layer, encoding, **options)
    parts = list(stream.batches)
    geometry = None
    if parts[0].geometry is not None:
        geometry = _combined(pa.chunked_array([part.geometry for part in parts]))
    return Layer(
        table=pa.concat_tables([part.table for part in parts]),
        geometry=geometry,
        fids=pa.concat_arrays([part.fids for part in parts]),
        crs=stream.crs,
        geometry_type=stream.geometry_type,
        warnings=stream.warnings,
    )


def stream_layer(
    path: Path,
    format: str,
    layer: str | int | None = None,
    encoding: str | None = None,
    **options: str,
) -> Stream:
    """Begin to read one layer; `options` are open options of its driver."""
    drivers.check(pyogrio.list_drivers(), format)
    opened, said = ExitStack(), list[tuple[str, str]]()
    source = pyogrio.open_arrow(
        path,
        layer=layer,
        encoding=encoding,
        return_fids=True,
        batch_size=ROWS_PER_BATCH,
        use_pyarrow=True,
        datetime_as_string=True,
        **options,
    )
    meta, reader = _heard(lambda: opened.enter_context(source), said)
    geometry_at = _geometry_position(reader.schema)
    attributes = [i for i in range(1, len(reader.schema)) if i != geometry_at]

    def batches() -> Iterator[Features]:
        with opened:
            batch = _heard(lambda: next(reader, None), said)
            if batch is None:
                batch = pa.RecordBatch.from_pylist([], schema=reader.schema)
            while batch is not None:
                geometry = None if geometry_at is None else batch.column(geometry_at)
                table = pa.Table.from_batches([batch]).select(attributes)
                yield Features(table, geometry, batch.column(0))
                batch = _heard(lambda: next(reader, None), said)

    return Stream(
        names=[reader.schema.names[i] for i in attributes],
        fid_column=reader.schema.names[0],
        crs=meta["crs"],
        geometry_type=meta["geometry_type"],
        batches=batches(),
        warnings=said,
    )


def _heard(call: Callable[[], Result], said: list[tuple[str, str]]) -> Result:
    """What a call gives; new warnings of GDAL are noted, and its errors are refusals."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = call()
        except _GDAL_ERRORS as error:
            raise unreadable(error) from error
    for warning in caught:
        told = ("gdal_warning", str(warning.message))
        if told not in said and len(said) < MAX_WARNINGS:
            said.append(told)
    return result


def unreadable(error: Exception) -> Refused:
    """A refusal in the words of GDAL; it says so itself when it got no memory."""
    text = str(error)
    memory = "out of memory" in text.lower() or "cannot allocate" in text.lower()
    return Refused("reader_memory" if memory else "unreadable", text)


def _geometry_position(schema: pa.Schema) -> int | None:
    for position, field in enumerate(schema):
        name = getattr(field.type, "extension_name", None)
        if name is None:
            name = (field.metadata or {}).get(b"ARROW:extension:name", b"").decode()
        if name in ("geoarrow.wkb", "ogc.wkb"):
            return position
    return None


def _combined(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    if isinstance(combined, pa.ChunkedArray):
        combined = pa.concat_arrays([chunk.cast(pa.large_binary()) for chunk in combined.chunks])
    return combined
