"""GeoPackage: pages that cannot be reached are no smaller table, and no layer costs all others."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import geopandas
import pytest

from geo.reader.formats.geopackage import MAX_LAYERS
from geo.states import Refusal
from tests.unit.deliveries import Reader

ROWS, PAGE = 2_000, 4_096


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("made") / "made.gpkg"
    names = {"name": [f"สวน {n}" for n in range(ROWS)]}
    points = geopandas.points_from_xy(range(ROWS), range(ROWS))
    geopandas.GeoDataFrame(names, geometry=points, crs=32647).to_file(path, layer="สวน")
    return path.read_bytes()


def changed(folder: Path, content: bytes, *statements: str) -> bytes:
    """The file after some SQL, without the triggers that would keep GDAL's number."""
    path = folder / "changed.gpkg"
    path.write_bytes(content)
    with sqlite3.connect(path) as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'สวน'"
        ).fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return path.read_bytes()


def outcome(reader: Reader, content: bytes, **options: Any) -> str | int:
    """Code of the refusal, or the number of rows."""
    found = reader.outcome("geopackage", "x.gpkg", content, **options)
    return found.code if isinstance(found, Refusal) else found.table.num_rows


def test_rows_that_their_number_remembers_are_not_lost(
    reader: Reader, content: bytes, tmp_path: Path
) -> None:
    gone = changed(tmp_path, content, 'DELETE FROM "สวน" WHERE fid > 1000')
    assert outcome(reader, gone) == "rows_lost"
    behind = changed(tmp_path, content, "UPDATE gpkg_ogr_contents SET feature_count = 7")
    assert outcome(reader, behind) == ROWS
    unknown = changed(tmp_path, content, "UPDATE gpkg_ogr_contents SET feature_count = NULL")
    assert outcome(reader, unknown) == ROWS


def test_a_page_of_zeros_anywhere_loses_no_row_in_silence(content: bytes, reader: Reader) -> None:
    pages = len(content) // PAGE
    for page in range(2, pages, 16):
        damaged = content[: page * PAGE] + bytes(PAGE) + content[(page + 1) * PAGE :]
        assert outcome(reader, damaged) in ("geopackage_broken", "unreadable", ROWS)


def test_a_row_that_breaks_a_constraint_is_no_damage(
    reader: Reader, content: bytes, tmp_path: Path
) -> None:
    strict = changed(
        tmp_path,
        content,
        'ALTER TABLE "สวน" ADD COLUMN n INTEGER',
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'n INTEGER', 'n INTEGER NOT NULL')"
        " WHERE name = 'สวน'",
    )
    assert outcome(reader, strict) == ROWS


def test_one_of_too_many_layers_is_refused_early(
    reader: Reader, content: bytes, tmp_path: Path
) -> None:
    tables = [
        statement
        for number in range(MAX_LAYERS)
        for statement in (
            f"CREATE TABLE t{number} (fid INTEGER PRIMARY KEY)",
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) "
            f"VALUES ('t{number}', 'attributes', '{number}')",
        )
    ]
    many = changed(tmp_path, content, *tables)
    assert outcome(reader, many, container_layer="สวน") == "too_many_layers"


def test_columns_that_were_added_to_short_rows_are_refused_early(
    reader: Reader, content: bytes, tmp_path: Path
) -> None:
    more = "".join(f", n{n} TEXT" for n in range(1_700))
    wide = changed(
        tmp_path,
        content,
        "PRAGMA writable_schema = ON",
        f"UPDATE sqlite_master SET sql = replace(sql, 'TEXT)', 'TEXT{more})') WHERE name = 'สวน'",
    )
    assert outcome(reader, wide) == "too_many_columns"


def test_text_that_is_no_utf8_is_a_bad_row(reader: Reader, content: bytes) -> None:
    damaged = content.replace("สวน 77".encode(), b"\xe0\x28" + "สวน 77".encode()[2:], 1)
    read = reader.table("geopackage", "x.gpkg", damaged)
    assert {bad.code for bad in read.report.bad_rows} == {"encoding_unreadable"}
    assert read.table.num_rows + len(read.report.bad_rows) == ROWS
    assert read.table["name"].to_pylist()
