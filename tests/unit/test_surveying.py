"""Sketches of columns: whatever way batches are put together, the same is seen of them."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as some

from geo.surveying.extent import Extent
from geo.surveying.numbers import QUANTILES, RELATIVE_ERROR, Numbers
from geo.surveying.sketches import MOST_DISTINCT, NOTHING, ColumnSketch

TEXTS = some.lists(some.none() | some.text(max_size=6), max_size=30)
NUMBERS = some.lists(some.none() | some.floats() | some.integers(-(2**53), 2**53), max_size=30)
COLUMNS = TEXTS.map(lambda values: pa.array(values, pa.string())) | NUMBERS.map(
    lambda values: pa.array([None if v is None else float(v) for v in values], pa.float64())
)
POSITIONS = some.tuples(some.floats(width=32), some.floats(width=32))
SHAPES = some.lists(
    some.none()
    | POSITIONS.map(lambda xy: shapely.Point(xy).wkb)
    | some.just(shapely.box(1, 2, 3, 4).wkb)
    | some.just(shapely.MultiLineString([[(5, 6), (7, 8)]]).wkb)
    | some.binary(max_size=40),
    max_size=20,
).map(lambda values: pa.array(values, pa.binary()))


def parts(column: pa.Array, cuts: Sequence[int]) -> list[pa.Array]:
    """The column cut at these places, in order."""
    at = sorted({0, len(column), *(cut % (len(column) + 1) for cut in cuts)})
    pieces = [column.slice(a, b - a) for a, b in itertools.pairwise(at)]
    return pieces or [column]


CUTS = some.lists(some.integers(0, 100), max_size=4)


@given(some.one_of(TEXTS.map(lambda v: pa.array(v, pa.string())), COLUMNS), CUTS)
def test_the_sketch_of_a_column_is_that_of_its_parts_merged(
    column: pa.Array, cuts: list[int]
) -> None:
    sketches = [ColumnSketch.of(part) for part in parts(column, cuts)]
    forwards, backwards = NOTHING, NOTHING
    for sketch in sketches:
        forwards = forwards.merge(sketch)
    for sketch in reversed(sketches):
        backwards = sketch.merge(backwards)
    whole = NOTHING.merge(ColumnSketch.of(column))
    assert forwards == backwards == whole
    assert whole.told() == forwards.told()


@given(some.lists(COLUMNS, min_size=3, max_size=3))
def test_merging_is_associative_and_has_a_sketch_of_nothing(columns: list[pa.Array]) -> None:
    a, b, c = map(ColumnSketch.of, columns)
    assert a.merge(b).merge(c) == a.merge(b.merge(c))
    assert NOTHING.merge(a) == a.merge(NOTHING) == a


@given(SHAPES, CUTS)
def test_the_extent_of_a_column_is_that_of_its_parts_merged(
    column: pa.Array, cuts: list[int]
) -> None:
    merged = Extent()
    for part in parts(column, cuts):
        merged = merged.merge(Extent.of(part))
    assert merged == Extent.of(column)


@given(some.lists(some.integers(0, 3), max_size=200))
def test_words_are_counted(values: list[int]) -> None:
    sketch = ColumnSketch.of(pa.array([f"w{value}" for value in values], pa.string()))
    assert sketch.values == Counter(f"w{value}" for value in values)


def test_values_that_are_no_list_of_words_are_not_kept() -> None:
    """However they are divided: once there are too many, there stay too many."""
    column = pa.array([str(number) for number in range(MOST_DISTINCT + 1)])
    assert ColumnSketch.of(column).values is None
    few, rest = ColumnSketch.of(column.slice(0, 1)), ColumnSketch.of(column.slice(1))
    assert few.values and rest.values
    assert few.merge(rest).values is None
    assert few.merge(rest).told()["distinct"] == "> 1000"


@given(some.lists(some.floats(-1e9, 1e9), min_size=1, max_size=300))
def test_quantiles_are_within_their_error(values: list[float]) -> None:
    numbers = Numbers.of(pa.array(values, pa.float64()))
    for share in (0.0, 1.0, *QUANTILES):
        true = float(np.quantile(values, share, method="lower"))
        assert numbers.quantile(share) == pytest.approx(true, rel=1.01 * RELATIVE_ERROR, abs=1e-11)


def test_what_is_no_finite_number_is_counted_apart() -> None:
    numbers = Numbers.of(pa.array([1.0, math.nan, math.inf, -math.inf, None]))
    assert (numbers.count, numbers.others) == (1, 3)
    assert math.isnan(Numbers().quantile(0.5)) and Numbers().told() == {}


def test_the_extent_is_of_what_has_a_position() -> None:
    shapes = [
        shapely.Point(100.5, 13.7),
        shapely.Point(100.5, 13.7, 7),
        shapely.box(100.1, 13.1, 100.2, 13.2),
        shapely.MultiPolygon([shapely.box(100.3, 14, 100.4, 14.1)]),
        shapely.LineString([(99, 15), (98, 16)]),
        shapely.Point(),
        shapely.GeometryCollection([shapely.Point(0, 0)]),
        None,
    ]
    found = Extent.of(pa.array([None if s is None else s.wkb for s in shapes], pa.binary()))
    assert found.count == 5
    assert (found.west, found.south, found.north) == (99, 13.1, 15)


@given(some.lists(some.binary(max_size=60), max_size=10))
def test_bytes_that_are_no_shape_do_no_harm(values: list[bytes]) -> None:
    assert Extent.of(pa.array(values, pa.binary())).count <= len(values)
