"""Describing what is wrong never fails: the database takes it, whatever a bad row holds."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import Connection, text

from geo.issues import IssueCatalogue
from geo.spill import Spill
from geo.states import GEOM, ROW, BadRow, RawTable, ReadReport, Sandbox
from geo.store import runs, tables
from geo.store.copying import copy_in
from geo.store.database import connect, open_engine
from geo.store.declare import declare
from geo.store.runs import write_rows
from geo.validating.quarantine import quarantine
from geo.values.storable import LONGEST_TEXT, json_text
from schemas.catalogue import load_catalogue
from schemas.models import Bilingual
from tests.db.conftest import delivery

CATALOGUE = IssueCatalogue(load_catalogue().issue_codes)
STORED_TEXTS = some.text(some.characters(exclude_categories=("Cs",)), max_size=8)
ANY_TEXTS = some.text(some.characters(), max_size=8) | some.sampled_from(["\0", "\ud800", "\\x00"])


@pytest.fixture
def connection(database: Callable[..., str]) -> Iterator[Connection]:
    """A transaction of a declared map in which run 1 exists; it is undone."""
    view = load_catalogue().map_view("bangkok")
    engine = open_engine(database())
    declare(engine, view)
    reason = Bilingual(th="เหตุ", en="why")
    runs.record(engine, view.sources[0], None, "refused", reason, {})
    with connect(engine) as opened, opened.begin():
        yield opened


def delivered(columns: dict[str, pa.Array], shapes: list[bytes | None], bad: list[str]) -> RawTable:
    """A table of rows 1 to n, and bad rows after them."""
    count = len(shapes)
    report = ReadReport.model_construct(
        bad_rows=tuple(BadRow(row=count + n, code="x", raw=raw) for n, raw in enumerate(bad, 1)),
        sandbox=Sandbox(landlock_abi=0, network_namespace=False, another_user=False, seccomp=False),
    )
    rows = {ROW: pa.array(range(1, count + 1), pa.int64()), GEOM: pa.array(shapes, pa.binary())}
    return RawTable(pa.table(rows | columns), report)


def stored(connection: Connection, raw: RawTable) -> list[dict[str, Any]]:
    """Every row of a delivery as it comes back from quarantine, after a COPY and all of jsonb."""
    count = raw.table.num_rows + len(raw.report.bad_rows)
    issues = CATALOGUE.make("row_unreadable", range(1, count + 1), detail="\0 and \ud800")
    empty = delivery([], load_catalogue().map_view("bangkok").layer("parks"))
    rows = quarantine(raw, issues)
    with connection.begin_nested() as undone:
        write_rows(
            connection, 1, replace(empty, quarantined=Spill.of(rows), issues=Spill.of(issues))
        )
        query = text("select raw from meta.quarantined_row where run_id = 1 order by source_row")
        found = list(connection.execute(query).scalars())
        undone.rollback()
    assert len(found) == count
    return found


def expected(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, str) and "\0" in value:
        return value.replace("\\", "\\\\").replace("\0", "\\x00")
    return value


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=some.lists(
        some.tuples(
            STORED_TEXTS | some.none(),
            some.integers(-(2**63), 2**63 - 1) | some.none(),
            some.floats() | some.none(),
            some.booleans() | some.none(),
            some.sampled_from([None, b"", b"\x00", shapely.Point(1, math.nan).wkb])
            | some.binary(max_size=40),
        ),
        max_size=5,
    ),
    names=some.lists(STORED_TEXTS, min_size=4, max_size=4, unique=True),
    bad=some.lists(ANY_TEXTS, max_size=3),
)
def test_whatever_a_bad_row_holds_is_described(
    connection: Connection,
    rows: list[tuple[Any, ...]],
    names: list[str],
    bad: list[str],
) -> None:
    kinds = (pa.string(), pa.int64(), pa.float64(), pa.bool_())
    columns = {
        name: pa.array([row[index] for row in rows], kind)
        for index, (name, kind) in enumerate(zip(names, kinds, strict=True))
    }
    found = stored(connection, delivered(columns, [row[4] for row in rows], bad))
    for row, back in zip(rows, found, strict=False):
        values = [back[str(expected(name))] for name in names]
        if isinstance(row[2], float) and math.isfinite(row[2]):
            values[2] = float(values[2])  # jsonb has one type of numbers
        assert values == [expected(value) for value in row[:4]]
        shape = back.get("_shape")
        assert (shape is None) == (row[4] is None)
    for raw, back in zip(bad, found[len(rows) :], strict=True):
        assert raw in ("\0", back["_text"]) or "\\" in back["_text"]


def test_a_column_of_the_agency_called_shape_is_not_overwritten(connection: Connection) -> None:
    point = shapely.Point(100.123456789, 13).wkb
    found = stored(connection, delivered({"_shape": pa.array(["square"])}, [point], []))
    assert found == [{"_shape": "square", "__shape": "POINT (100.123456789 13)"}]


def test_a_text_without_end_is_cut_and_says_its_length(connection: Connection) -> None:
    (found,) = stored(
        connection, delivered({"note": pa.array(["ก" * (3 * LONGEST_TEXT)])}, [None], [])
    )
    assert found["note"].endswith(f"({3 * LONGEST_TEXT} characters)")


class Unspeakable:
    """A value of which nothing may be asked."""

    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


AWKWARD: list[tuple[object, object]] = [
    (math.nan, "NaN"),
    (-math.inf, "-Infinity"),
    (10**20, str(10**20)),
    (1 << 100_000, hex(1 << 100_000)),
    (b"\x00\xff", "0x00ff"),
    (date(2026, 1, 2), "2026-01-02"),
    (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02 00:00:00+00:00"),
    (Decimal("1.10"), "1.10"),
    (Decimal("NaN"), "NaN"),
    ("a\0b\\", "a\\x00b\\\\"),
    ("\udc80", "\\udc80"),
    ({1: {"\0": [math.inf]}}, {"1": {"\\x00": ["Infinity"]}}),
    ({"b", "a"}, ["a", "b"]),
    (Unspeakable(), "<Unspeakable>"),
]


@pytest.mark.parametrize(("value", "told"), AWKWARD, ids=lambda pair: type(pair).__name__)
def test_every_value_has_a_place_in_json(value: object, told: object) -> None:
    assert json.loads(json_text({"value": value})) == {"value": told}


def test_what_nests_without_end_is_cut(connection: Connection) -> None:
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"in": deep}
    evidence = connection.execute(text("select cast(:it as jsonb)"), {"it": json_text(deep)})
    assert evidence.scalar_one()["in"]["in"]


def test_no_reason_and_no_evidence_is_refused_by_the_database(connection: Connection) -> None:
    awkward = "\0 \ud800 \\ ก"
    engine = connection.engine
    source = load_catalogue().map_view("bangkok").sources[0]
    reason = Bilingual(th="\0 \\ ก", en="\0 \\ ก")
    evidence = {awkward: [math.nan, awkward, b"\0"]}
    number = runs.record(engine, source, None, "fault", reason, evidence)
    with connect(engine) as other:
        row = other.execute(
            text("select reason, evidence from meta.run where run_id = :n"), {"n": number}
        ).one()
    told = "\\x00 \\ud800 \\\\ ก"
    assert row.reason == "\\x00 \\\\ ก"
    assert row.evidence == {told: ["NaN", told, "0x00"]}


def test_a_nul_in_any_text_of_a_copy_is_escaped(connection: Connection) -> None:
    rows = pa.table(
        {
            "run_id": pa.array([1], pa.int32()),
            "source_row": pa.array([1], pa.int32()),
            "reason_th": ["เ\0"],
            "reason_en": ["plain \\"],
        }
    )
    copy_in(connection, tables.filtered_row, rows)
    found = connection.execute(text("select reason_th, reason_en from meta.filtered_row")).one()
    assert tuple(found) == ("เ\\x00", "plain \\")
