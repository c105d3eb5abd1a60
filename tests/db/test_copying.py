"""Binary COPY: what PostgreSQL reads is what the columns hold, whatever they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
import shapely
from geoalchemy2 import Geometry
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some
from sqlalchemy import BigInteger as BigInt
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    Double,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB

from geo.store import copying
from geo.store.copying import arrow_type, copy_in
from geo.store.database import connect, open_engine

EVERY_TYPE = Table(
    "every_type",
    MetaData(schema="pg_temp"),
    Column("number", Integer),
    Column("words", Text),
    Column("big", BigInt),
    Column("exact", Double),
    Column("flag", Boolean),
    Column("day", Date),
    Column("raw", BYTEA),
    Column("id", Uuid),
    Column("codes", ARRAY(Text)),
    Column("json", JSONB),
    Column("geom", Geometry(srid=4326)),
)
SHAPES = [
    shapely.Point(100.5, 13.75),
    shapely.Point(-0.0, 5e-324),
    shapely.Point(),
    shapely.MultiPolygon([shapely.box(100, 13, 101, 14), shapely.box(102, 13, 103, 14)]),
    shapely.MultiLineString([[(0, 0), (1, 1)]]),
    shapely.GeometryCollection(),
]
EWKB = [shapely.to_wkb(shapely.set_srid(shape, 4326), include_srid=True) for shape in SHAPES]
TEXTS = some.text(some.characters(exclude_categories=("Cs",), exclude_characters="\0"))
INTEGERS = some.integers(-(2**31), 2**31 - 1)
BIG = some.integers(-(2**63), 2**63 - 1)
ROWS = some.fixed_dictionaries(
    {
        "words": some.none() | TEXTS,
        "big": some.none() | BIG | some.sampled_from([2**53 + 1, -(2**63), 2**63 - 1]),
        "exact": some.none() | some.floats() | some.sampled_from([-0.0, 5e-324]),
        "flag": some.none() | some.booleans(),
        "day": some.none() | some.dates(),
        "raw": some.none() | some.binary(),
        "id": some.none() | some.uuids().map(lambda value: value.bytes),
        "codes": some.none() | some.lists(some.none() | TEXTS, max_size=3),
        "json": some.none() | some.sampled_from(["{}", '{"ก": [1, null, "x"]}', '"a"', "null"]),
        "geom": some.none() | some.sampled_from(EWKB),
    }
)
NOTHING = dict.fromkeys(
    ("words", "big", "exact", "flag", "day", "raw", "id", "codes", "json", "geom")
)


@pytest.fixture
def connection(database: Callable[..., str]) -> Iterator[Connection]:
    """A transaction with an empty table of every type that is copied; it is undone."""
    with connect(open_engine(database())) as opened, opened.begin():
        opened.execute(
            text(
                """create temporary table every_type (number integer, words text, big bigint,
                   exact double precision, flag boolean, day date, raw bytea, id uuid,
                   codes text[], json jsonb, geom geometry(Geometry, 4326))"""
            )
        )
        yield opened


def columns_of(rows: list[dict[str, Any]]) -> pa.Table:
    """The rows as a table of the types that are copied, numbered, in two chunks."""
    kinds = {column.name: arrow_type(column) for column in EVERY_TYPE.columns}
    numbered = [{"number": number, **row} for number, row in enumerate(rows)]
    whole = pa.table(
        {name: pa.array([row[name] for row in numbered], kind) for name, kind in kinds.items()}
    )
    return pa.concat_tables([whole.slice(0, 1), whole.slice(1)])


def as_read(connection: Connection) -> list[dict[str, Any]]:
    """What the database tells of the rows, bit by bit where Python has no such value."""
    told = select(
        EVERY_TYPE.c.words,
        EVERY_TYPE.c.big,
        text("encode(float8send(exact), 'hex') as exact"),
        EVERY_TYPE.c.flag,
        EVERY_TYPE.c.day,
        EVERY_TYPE.c.raw,
        text("uuid_send(id) as id"),
        EVERY_TYPE.c.codes,
        text("json::text as json"),
        text("st_asewkb(geom, 'NDR') as geom"),
    )
    found = connection.execute(told.select_from(EVERY_TYPE).order_by(EVERY_TYPE.c.number))
    return [dict(row) for row in found.mappings()]


def as_meant(row: dict[str, Any]) -> dict[str, Any]:
    exact = row["exact"]
    bits = None if exact is None else pa.array([exact]).view(pa.int64())[0].as_py()
    return row | {"exact": None if bits is None else f"{bits % 2**64:016x}"}


@given(rows=some.lists(ROWS, max_size=12))
@example(rows=[])
@example(rows=[NOTHING, NOTHING])
@example(rows=[NOTHING | {"day": date.min, "exact": float("-inf")}, NOTHING | {"day": date.max}])
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_postgresql_reads_every_type_as_it_is(
    connection: Connection, rows: list[dict[str, Any]]
) -> None:
    with connection.begin_nested() as undone:
        copy_in(connection, EVERY_TYPE, columns_of(rows))
        found = as_read(connection)
        undone.rollback()
    assert found == [as_meant(row) for row in rows]


@pytest.mark.parametrize(("bound", "at_most"), [("_ROWS_PER_BATCH", 7), ("_BYTES_PER_BATCH", 999)])
def test_a_copy_of_several_batches_has_every_row_once(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, bound: str, at_most: int
) -> None:
    monkeypatch.setattr(copying, bound, at_most)
    copy_in(connection, EVERY_TYPE, columns_of([NOTHING | {"big": n} for n in range(100)]))
    assert [row["big"] for row in as_read(connection)] == list(range(100))


def test_only_the_texts_with_nul_are_escaped(connection: Connection) -> None:
    rows = [NOTHING | {"words": words} for words in ("a\\", "ก\0\\", None, "", "\0")]
    copy_in(connection, EVERY_TYPE, columns_of(rows))
    found = [row["words"] for row in as_read(connection)]
    assert found == ["a\\", "ก\\x00\\\\", None, "", "\\x00"]
