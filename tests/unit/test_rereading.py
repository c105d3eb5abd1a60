"""The same bytes, read again: what is next to nothing, and what a person must see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import md5
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import shapely

from geo.issues import ISSUE_SCHEMA
from geo.rereading import Differences, compare, described, judge_again
from geo.space.displacement import displacement_m
from geo.space.shapes import Shapes
from geo.spill import Spill
from geo.states import Validated
from geo.store.current import Current

METRE = 1 / 111_320  # degrees of latitude


@dataclass(frozen=True)
class Row:
    key: int
    name: str | None = "ชื่อ"
    north: float | None = 13.75
    area: float | None = 1.0
    district: str | None = "1001"
    subdistrict: str | None = None
    hash: int | None = None

    @property
    def content(self) -> bytes:
        """Its hash: of its values, and of `hash` or its key."""
        values = (self.hash or self.key, self.name, self.north, self.area, self.district)
        return md5(repr((*values, self.subdistrict)).encode(), usedforsecurity=False).digest()


def table(rows: Sequence[Row]) -> pa.Table:
    shapes = [None if row.north is None else shapely.Point(100.5, row.north) for row in rows]
    return pa.table(
        {
            "feature_id": pa.array([row.key.to_bytes(16) for row in rows], pa.binary(16)),
            "content_hash": pa.array([row.content for row in rows]),
            "source_row": pa.array(range(len(rows)), pa.int32()),
            "claimed_district_code": pa.array([row.district for row in rows], pa.string()),
            "claimed_subdistrict_code": pa.array([row.subdistrict for row in rows], pa.string()),
            "name_th": pa.array([row.name for row in rows], pa.string()),
            "area_m2": pa.array([row.area for row in rows], pa.float64()),
            "geom": pa.array([None if s is None else shapely.to_wkb(s) for s in shapes]),
        }
    )


def kept(rows: pa.Table) -> Current:
    """A source's rows on the map."""

    def of(ids: pa.Array) -> pa.Table:
        return rows.filter(pc.is_in(rows["feature_id"].cast(pa.binary()), ids))

    return Current(rows.select(["feature_id", "content_hash"]), of)


def different(before: Sequence[Row] | pa.Table, now: Sequence[Row]) -> Differences:
    rows = before if isinstance(before, pa.Table) else table(before)
    return compare(kept(rows), Spill.of(table(now)))


def judged(before: Sequence[Row], now: Sequence[Row]) -> tuple[str, str]:
    """The verdict's outcome and its reason."""
    nothing = Spill.of(pa.table({"source_row": pa.array([], pa.int32())}))
    delivery = Validated(
        accepted=Spill.of(table(now)),
        quarantined=nothing,
        filtered=nothing,
        issues=Spill.of(ISSUE_SCHEMA.empty_table()),
        rows_in=len(now),
        rows_at_area=0,
        rows_repaired=0,
        schema={},
        lineage={},
    )
    verdict = judge_again(delivery, kept(table(before)))
    return verdict.outcome, verdict.reason.en if verdict.reason else ""


MANY = [Row(n) for n in range(1, 501)]


def changed(rows: Sequence[Row], count: int, **values: Any) -> list[Row]:
    return [replace(row, **values) if i < count else row for i, row in enumerate(rows)]


def test_the_same_is_accepted_in_whatever_order() -> None:
    assert judged(MANY, MANY[::-1]) == ("accepted", "")
    assert not different(MANY, MANY[::-1]).any


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (MANY[1:], "1 row(s) lost"),
        ([Row(1001, hash=1), *MANY[1:]], "1 id(s) changed"),
        ([Row(1001, hash=77777), *MANY[1:]], "1 row(s) lost, 1 row(s) more"),
        (changed(MANY, 4, north=13.75 + 2 * METRE), "4 row(s) moved, by up to 2.0 m"),
        (changed(MANY, 1, north=13.75 + 101 * METRE), "1 row(s) moved, by up to 101.0 m"),
        (changed(MANY, 1, north=None), "1 row(s) won or lost their position"),
        (changed(MANY, 6, area=2.0), "6 value(s) of area_m2 changed"),
        (changed(MANY, 6, area=None), "6 value(s) of area_m2 changed"),
        (changed(MANY, 6, name="?"), "6 value(s) of name_th changed"),
        (changed(MANY, 6, district="1002"), "6 value(s) of claimed_district_code changed"),
        ([], "500 row(s) lost"),
    ],
)
def test_what_readers_would_miss_is_held(now: list[Row], said: str) -> None:
    outcome, reason = judged(MANY, now)
    assert outcome == "held"
    assert said in reason


@pytest.mark.parametrize(
    "now",
    [
        [*MANY, Row(1001)],
        changed(MANY, 500, north=13.75 + 0.9 * METRE),
        changed(MANY, 3, north=13.75 + 90 * METRE),
        changed(MANY, 3, area=2.0),
        changed(MANY, 5, area=2.0),  # 1 %
    ],
)
def test_an_exception_that_was_mended_passes(now: list[Row]) -> None:
    assert judged(MANY, now)[0] == "accepted"


def test_few_rows_of_a_small_source_are_most_of_it() -> None:
    few = [Row(n) for n in range(3)]
    assert judged(few, changed(few, 1, name="?"))[0] == "accepted"
    assert judged(few, changed(few, 2, name="?"))[0] == "held"


def test_a_district_that_its_subdistrict_says_is_no_change() -> None:
    before = [Row(1, district="1001", subdistrict="100101")]
    assert not different(before, [Row(1, district=None, subdistrict="100101")]).any


def test_a_column_that_is_new_counts_where_it_has_values() -> None:
    before = table(changed(MANY, 500, area=None)).drop_columns(["area_m2"])
    assert different(before, MANY).values_changed == {"area_m2": 500}
    assert not different(before, changed(MANY, 500, area=None)).any


def test_no_number_is_no_value() -> None:
    assert not different([Row(1, area=None)], [Row(1, area=float("nan"))]).any


def test_differences_are_said_in_both_languages() -> None:
    words = described(different(MANY, MANY[3:]))
    assert words.en == "3 row(s) lost"
    assert words.th == "แถวหายไป 3"


@pytest.mark.parametrize(
    ("east", "north", "metres"), [(0.01, 0, 556.6), (0, 0.01, 1113.2), (0.03, 0.02, 2783.0)]
)
def test_displacement_is_in_metres_on_the_ground(east: float, north: float, metres: float) -> None:
    """At 60 degrees north, where a degree of longitude is half as long as one of latitude."""
    before = Shapes.at(np.array([[100.0, 60.0]]))
    after = Shapes.at(np.array([[100 + east, 60 + north]]))
    assert displacement_m(before, after)[0] == pytest.approx(metres, rel=1e-6)


def test_displacement_is_of_the_shape_not_of_its_drawing() -> None:
    square = shapely.box(100.5, 13.7, 100.51, 13.71)
    turned = shapely.Polygon(list(square.exterior.coords)[1:])
    north = shapely.transform(square, lambda xy: xy + np.array([0, 10 * METRE]))
    before = Shapes.of(np.array([square, square, square, None, None], dtype=object))
    after = Shapes.of(np.array([turned, north, None, square, None], dtype=object))
    assert displacement_m(before, after).tolist() == pytest.approx(
        [0, 10, np.inf, np.inf, 0], rel=1e-3
    )
