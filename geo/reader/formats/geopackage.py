"""GeoPackage: its schema is read with plain SQLite before GDAL may open it.

A view or a virtual table runs what a stranger wrote (SpatiaLite's VirtualText reads any file), so
anything but tables, indexes, R-trees and the triggers that GeoPackage itself defines is refused.
"""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from geo.reader.delivery import Delivery, ordinals, plain
from geo.reader.formats import vector
from geo.reader.job import Job
from geo.reader.names import once_each
from geo.reader.only_file import only_file
from geo.reader.refused import Refused

_INERT = re.compile(
    r"CREATE\s+(TABLE|INDEX|UNIQUE\s+INDEX|VIRTUAL\s+TABLE\s+\S+\s+USING\s+rtree\s*\()",
    re.IGNORECASE,
)
_TRIGGER = re.compile(r"CREATE\s+TRIGGER\b", re.IGNORECASE)
_OWN_TRIGGER = re.compile(
    r"rtree_|trigger_(insert|delete)_feature_count_|gpkg_|tile_matrix_|fid_", re.IGNORECASE
)


def read(job: Job) -> Delivery:
    """The one layer of a GeoPackage (or the one named by `container_layer`), in order of id."""
    path = only_file(job).rename(job.work / "data.gpkg")
    counts = _check(path)
    layer_name = _choose(counts, job.container_layer)
    looked = vector.look_into(path, "geopackage", layer_name)
    layer = vector.read_layer(path, "geopackage", layer_name)
    if len(layer.fids) != counts[layer_name]:
        raise Refused("rows_lost", f"{len(layer.fids)} of {counts[layer_name]}")
    columns = [layer.fids, *layer.table.columns]
    names, oddities = once_each([layer.fid_column, *layer.table.column_names])
    return Delivery(
        driver="GPKG",
        rows=ordinals(len(layer.fids)),
        columns=dict(zip(names, map(plain, columns), strict=True)),
        records=counts[layer_name],
        geometry=layer.geometry,
        container_layer=layer_name,
        encoding_declared="utf-8",
        encoding_found="utf-8",
        crs_declared=layer.crs,
        crs_text=looked["crs_wkt"],
        geometry_type=looked["geometry_type"],
        oddities=oddities + layer.warnings,
    )


def _check(path: Path) -> dict[str, int]:
    """Number of rows of each layer; `Refused` if the file is cut or holds what could run."""
    _check_length(path)
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        _check_schema(connection)
        layers = connection.execute(
            "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes')"
        ).fetchall()
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        return {name: _count(connection, name) for (name,) in layers if name in tables}
    except sqlite3.Error as error:
        raise Refused("geopackage_broken", str(error)) from error
    finally:
        connection.close()


def _check_length(path: Path) -> None:
    """SQLite file format: page size at 16 (1 means 65536), pages at 28, valid if 24 equals 92."""
    with path.open("rb") as file:
        header = file.read(100)
    page = int.from_bytes(header[16:18], "big")
    stated = (65536 if page == 1 else page) * int.from_bytes(header[28:32], "big")
    actual = path.stat().st_size
    if len(header) < 100 or (header[24:28] == header[92:96] and actual < stated):
        raise Refused("geopackage_broken", f"{actual} of {stated} bytes")


def _check_schema(connection: sqlite3.Connection) -> None:
    """By the statement itself: SQLite runs that, whatever the column `type` says."""
    for name, sql in connection.execute("SELECT name, sql FROM sqlite_master"):
        own_trigger = sql and _TRIGGER.match(sql) and _OWN_TRIGGER.match(name)
        if sql and not _INERT.match(sql) and not own_trigger:
            raise Refused("geopackage_active", f"{name}: {sql}")


def _count(connection: sqlite3.Connection, table: str) -> int:
    quoted = table.replace('"', '""')
    statement = f'SELECT count(*) FROM "{quoted}"'  # noqa: S608  a name cannot be bound
    (count,) = connection.execute(statement).fetchone()
    return int(count)


def _choose(counts: dict[str, int], wanted: str | None) -> str:
    names = ", ".join(sorted(counts))
    if wanted is not None:
        if wanted not in counts:
            raise Refused("layer_missing", f"{wanted}; {names}")
        return wanted
    if len(counts) != 1:
        raise Refused("layer_not_named", names)
    return next(iter(counts))
