"""GDAL, for all formats that need it: fiona looks into a container, pyogrio reads it to Arrow."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError

from geo.reader import drivers
from geo.reader.refused import Refused
from schemas.formats import FORMATS

MAX_WARNINGS = 20
_GDAL_ERRORS = (DataLayerError, DataSourceError, FeatureError, FieldError, pa.ArrowException)


@dataclass
class Layer:
    """One layer in Arrow: `table` is without its geometry and feature ids."""

    table: pa.Table
    geometry: pa.Array | None
    fids: pa.Array
    fid_column: str
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
    drivers.check(pyogrio.list_drivers(), format)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            meta, table = pyogrio.read_arrow(
                path,
                layer=layer,
                encoding=encoding,
                return_fids=True,
                datetime_as_string=True,
                **options,
            )
        except _GDAL_ERRORS as error:
            raise unreadable(error) from error
    said = list(dict.fromkeys(str(warning.message) for warning in caught))
    fid_column = table.column_names[0]
    geometry_at = _geometry_position(table.schema)
    attributes = [i for i in range(1, table.num_columns) if i != geometry_at]
    return Layer(
        table=table.select(attributes),
        geometry=None if geometry_at is None else _combined(table.column(geometry_at)),
        fids=_combined(table.column(0)),
        fid_column=fid_column,
        crs=meta["crs"],
        geometry_type=meta["geometry_type"],
        warnings=[("gdal_warning", text) for text in said[:MAX_WARNINGS]],
    )


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
