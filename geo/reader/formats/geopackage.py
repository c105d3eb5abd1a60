"""GeoPackage: its schema is read with plain SQLite before GDAL may open it.

A view or a virtual table runs what a stranger wrote (SpatiaLite's VirtualText reads any file), so
anything but tables, indexes, R-trees and the triggers that GeoPackage itself defines is refused.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from geo.reader.delivery import Delivery, Piece, ordinals, plain
from geo.reader.formats import vector
from geo.reader.job import Job
from geo.reader.names import Oddities, few_enough, once_each, refuse_mostly_empty
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
MAX_LAYERS = 500
"""GDAL looks at every layer for every other one before it opens any."""
MAX_FAULTS = 1_000_000
_ABOUT_VALUES = ("NULL value in ", "CHECK constraint failed in ", "non-unique entry in ")


def read(job: Job) -> Delivery:
    """The one layer of a GeoPackage (or the one named by `container_layer`), in order of id."""
    path = only_file(job).rename(job.work / "data.gpkg")
    layer_name, records, columns = _check(path, job.container_layer)
    few_enough(columns)
    refuse_mostly_empty(columns, records, path.stat().st_size, job.limits["cells"])
    looked = vector.look_into(path, "geopackage", layer_name)
    layer = vector.stream_layer(path, "geopackage", layer_name)
    names, oddities = once_each([layer.fid_column, *layer.names])
    return Delivery(
        driver="GPKG",
        pieces=_pieces(layer, names, oddities),
        records=records,
        container_layer=layer_name,
        encoding_declared="utf-8",
        encoding_found="utf-8",
        crs_declared=layer.crs,
        crs_text=looked["crs_wkt"],
        geometry_type=looked["geometry_type"],
        oddities=oddities,
    )


def _pieces(layer: vector.Stream, names: Sequence[str], oddities: Oddities) -> Iterator[Piece]:
    read = 0
    for batch in layer.batches:
        values = map(plain, [batch.fids, *batch.table.columns])
        columns = dict(zip(names, values, strict=True))
        yield Piece(ordinals(len(batch.fids), read + 1), columns, batch.geometry)
        read += len(batch.fids)
    oddities += layer.warnings


def _check(path: Path, wanted: str | None) -> tuple[str, int, int]:
    """The layer to read, and its numbers of rows and of columns, by plain SQL.

    `Refused` if the file is cut or damaged, holds what could run, or has lost rows.
    """
    _check_length(path)
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        _check_schema(connection)
        _check_pages(connection)
        layer = _choose(_layers(connection), wanted)
        return layer, _count(connection, layer), _columns(connection, layer)
    except (sqlite3.Error, UnicodeDecodeError) as error:
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


def _check_pages(connection: sqlite3.Connection) -> None:
    """Every page is reached once and every cell lies in its page: else rows are lost in silence.

    A value that breaks a constraint is about one row, and no damage.
    """
    for (said,) in connection.execute(f"PRAGMA quick_check({MAX_FAULTS})"):
        if said != "ok" and not said.startswith(_ABOUT_VALUES):
            raise Refused("geopackage_broken", said)


def _layers(connection: sqlite3.Connection) -> set[str]:
    """Layers that are listed and are there."""
    listed = connection.execute(
        "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes')"
    )
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    layers = {name for (name,) in listed} & tables
    if len(layers) > MAX_LAYERS:
        raise Refused("too_many_layers", str(len(layers)))
    return layers


def _count(connection: sqlite3.Connection, table: str) -> int:
    """Rows of a table; `Refused` (rows_lost) if triggers have counted more of them.

    The number is SQLite's own walk through the pages. Programs that write without triggers may
    leave GDAL's number behind, too low; too high it never is, but for rows that went.
    """
    quoted = table.replace('"', '""')
    statement = f'SELECT count(*) FROM "{quoted}"'  # noqa: S608  a name cannot be bound
    (count,) = connection.execute(statement).fetchone()
    stated = _stated(connection, table)
    if stated > count:
        raise Refused("rows_lost", f"{count} of {stated}")
    return int(count)


def _stated(connection: sqlite3.Connection, table: str) -> int:
    """The number of rows in the table that GDAL keeps for it, or 0."""
    if not connection.execute(
        "SELECT 1 FROM sqlite_master WHERE name = 'gpkg_ogr_contents'"
    ).fetchone():
        return 0
    found = connection.execute(
        "SELECT feature_count FROM gpkg_ogr_contents WHERE table_name = ?", (table,)
    ).fetchone()
    return found[0] if found and isinstance(found[0], int) else 0


def _columns(connection: sqlite3.Connection, table: str) -> int:
    (count,) = connection.execute("SELECT count(*) FROM pragma_table_info(?)", (table,)).fetchone()
    return int(count)


def _choose(layers: set[str], wanted: str | None) -> str:
    names = ", ".join(sorted(layers))
    if wanted is not None:
        if wanted not in layers:
            raise Refused("layer_missing", f"{wanted}; {names}")
        return wanted
    if len(layers) != 1:
        raise Refused("layer_not_named", names)
    return next(iter(layers))
