"""Shapefiles and GeoPackages, written by GDAL with their dates held still."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray

Objects = NDArray[np.object_]

DAY = "2026-01-05"
_LANGUAGE_BYTE = 29  # of a DBF header: the code page that its writer claims
_FIELD_BYTES, _NAME_BYTES = 32, 10  # of a field's description in that header, and of its name


def shapefile_parts(
    shapes: Objects,
    columns: dict[str, Any],
    *,
    epsg: int,
    geometry_type: str,
    encoding: str,
    cpg: str | None,
    cut_at: int | None = None,
    own_names: dict[str, str] | None = None,
) -> dict[str, bytes]:
    """The parts of a shapefile by suffix.

    Texts are written in `encoding`, whatever `cpg` claims (None: no such file), and cut at
    `cut_at` bytes, also in the middle of a character, as ArcGIS did. The language byte is 0.
    `own_names` gives columns other names, which the format cuts at 10 bytes in the same way.
    """
    encoded = {name: _encoded(values, encoding, cut_at) for name, values in columns.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.shp"
        _write(
            path,
            "ESRI Shapefile",
            shapes,
            encoded,
            epsg,
            geometry_type,
            encoding="ISO-8859-1",  # the bytes go through as they are
            layer_options={"DBF_DATE_LAST_UPDATE": DAY},
        )
        parts = {
            suffix: path.with_suffix(suffix).read_bytes()
            for suffix in (".shp", ".shx", ".dbf", ".prj")
        }
    dbf = bytearray(parts[".dbf"])
    dbf[_LANGUAGE_BYTE] = 0
    for position, name in enumerate(columns):
        whole = (own_names or {}).get(name)
        if whole is not None:
            start = _FIELD_BYTES * (position + 1)
            cut = whole.encode(encoding)[:_NAME_BYTES]
            dbf[start : start + _NAME_BYTES + 1] = cut.ljust(_NAME_BYTES + 1, b"\0")
    parts[".dbf"] = bytes(dbf)
    if cpg is not None:
        parts[".cpg"] = cpg.encode("ascii")
    return parts


def write_geopackage(
    path: Path,
    layer: str,
    shapes: Objects,
    columns: dict[str, Any],
    *,
    epsg: int,
    geometry_type: str,
) -> None:
    """Write one layer; other layers of the same file stay."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _clock_stands_still():
        _write(path, "GPKG", shapes, columns, epsg, geometry_type, layer=layer)


def _write(
    path: Path,
    driver: str,
    shapes: Objects,
    columns: dict[str, Any],
    epsg: int,
    geometry_type: str,
    **options: Any,
) -> None:
    pyogrio.raw.write(
        str(path),
        shapely.to_wkb(shapes),
        list(columns.values()),
        np.array(list(columns), dtype=object),
        driver=driver,
        crs=f"EPSG:{epsg}",
        geometry_type=geometry_type,
        **options,
    )


def _encoded(values: Any, encoding: str, cut_at: int | None) -> Any:
    """Text columns as the Latin-1 reading of their bytes; numbers as they are."""
    if values.dtype != object:
        return values
    texts = [
        None if value is None else value.encode(encoding)[:cut_at].decode("latin-1")
        for value in values
    ]
    return np.array(texts, dtype=object)


@contextmanager
def _clock_stands_still() -> Iterator[None]:
    """A GeoPackage tells when it was changed; the same rows have to give the same bytes."""
    name = "OGR_CURRENT_DATE"
    before = pyogrio.get_gdal_config_option(name) or os.environ.get(name)
    pyogrio.set_gdal_config_options({name: f"{DAY}T02:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({name: before})
