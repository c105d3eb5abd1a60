"""Geometries as a layer stores them: valid, flat, of one kind, and nothing lost in silence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.space import geometry, wkb
from geo.space.geometry import Conformed, area_m2, outside, swap_axes, swapped
from geo.space.shapes import Shapes
from schemas.models import GeometryKind
from tests.timing import cpu_seconds

BANGKOK = (100.3, 13.4, 101.0, 14.0)
POINT, LINE, POLYGON = GeometryKind.point, GeometryKind.line, GeometryKind.polygon


def shapes(*texts: str | None) -> np.ndarray:
    return np.array([text and shapely.from_wkt(text) for text in texts], dtype=object)


def conform(geometries: np.ndarray, kind: GeometryKind, **more: int) -> Conformed:
    return geometry.conform(Shapes.of(geometries), kind, **more)


def points(x: Sequence[float], y: Sequence[float]) -> Shapes:
    return Shapes.at(np.column_stack((x, y)))


def kept(found: Conformed) -> np.ndarray:
    return found.shapes.geometries()


def set_masks(found: Conformed) -> set[str]:
    names = ("missing", "not_finite", "too_many_vertices", "mismatched", "unrepairable")
    more = ("reduced", "repaired")
    return {name for name in (*names, *more) if getattr(found, name)[0]}


@pytest.mark.parametrize(
    ("kind", "given_", "stored", "masks"),
    [
        (POINT, "POINT (100 13)", "POINT (100 13)", set()),
        (POINT, "POINT ZM (100 13 5 6)", "POINT (100 13)", set()),
        (POINT, "MULTIPOINT (100 13)", "POINT (100 13)", set()),
        (POINT, "MULTIPOINT (100 13, 101 13)", None, {"mismatched"}),
        (POINT, "MULTIPOINT ((100 13), EMPTY)", "POINT (100 13)", set()),
        (POINT, "GEOMETRYCOLLECTION (MULTIPOINT (100 13))", "POINT (100 13)", set()),
        (POINT, "LINESTRING (0 0, 1 1)", None, {"mismatched"}),
        (POINT, "POINT EMPTY", None, {"missing"}),
        (POINT, None, None, {"missing"}),
        (LINE, "LINESTRING Z (0 0 1, 1 1 1)", "MULTILINESTRING ((0 0, 1 1))", set()),
        (LINE, "MULTILINESTRING ((0 0, 1 1))", "MULTILINESTRING ((0 0, 1 1))", set()),
        (LINE, "POLYGON ((0 0, 1 0, 1 1, 0 0))", None, {"mismatched"}),
        (LINE, "LINESTRING (0 0, 0 0)", None, {"unrepairable"}),
        (
            POLYGON,
            "POLYGON ((0 0, 1 0, 1 1, 0 0))",
            "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))",
            set(),
        ),
        (
            POLYGON,
            "GEOMETRYCOLLECTION (POINT (0 0), GEOMETRYCOLLECTION (POLYGON ((0 0, 1 0, 1 1, 0 0))))",
            "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))",
            {"reduced"},
        ),
        (
            POLYGON,
            "GEOMETRYCOLLECTION (POINT EMPTY, POLYGON ((0 0, 1 0, 1 1, 0 0)))",
            "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))",
            set(),  # nothing was dropped
        ),
        (
            POLYGON,
            "MULTIPOLYGON (EMPTY, ((0 0, 1 0, 1 1, 0 0)))",
            "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))",
            set(),
        ),
        (
            LINE,
            "GEOMETRYCOLLECTION (POINT (0 0), LINESTRING (0 0, 1 1), LINESTRING (2 2, 3 3))",
            "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))",
            {"reduced"},
        ),
        (POLYGON, "GEOMETRYCOLLECTION (POINT (0 0))", None, {"mismatched"}),
        (POLYGON, "LINESTRING (0 0, 1 0, 1 1, 0 0)", None, {"mismatched"}),
        (POLYGON, "POLYGON ((0 0, 1 1, 2 2, 0 0))", None, {"unrepairable"}),
        (
            POLYGON,
            "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))",
            "MULTIPOLYGON (((0 0, 0 1, 0.5 0.5, 0 0)), ((0.5 0.5, 1 1, 1 0, 0.5 0.5)))",
            {"repaired"},
        ),
        (
            POLYGON,
            "MULTIPOLYGON (((0 0, 2 0, 2 2, 0 2, 0 0)), ((1 1, 3 1, 3 3, 1 3, 1 1)))",
            "MULTIPOLYGON (((0 0, 0 2, 1 2, 1 3, 3 3, 3 1, 2 1, 2 0, 0 0)))",
            {"repaired"},
        ),
    ],
)
def test_each_kind_takes_what_it_can(
    kind: GeometryKind, given_: str | None, stored: str | None, masks: set[str]
) -> None:
    found = conform(shapes(given_), kind)
    assert set_masks(found) == masks
    if stored is None:
        assert kept(found)[0] is None
    else:
        expected = shapely.from_wkt(stored)
        assert shapely.get_type_id(kept(found)[0]) == shapely.get_type_id(expected)
        assert shapely.normalize(kept(found)[0]) == shapely.normalize(expected)
        assert not shapely.has_z(kept(found)[0])


def test_rows_stay_in_place_and_the_input_is_not_touched() -> None:
    rows = shapes("POINT (100 13)", None, "LINESTRING (0 0, 1 1)", "POINT (101.00000000049 14)")
    found = conform(rows, POINT)
    assert shapely.is_missing(kept(found)).tolist() == [False, True, True, False]
    assert found.mismatched.tolist() == [False, False, True, False]
    assert shapely.get_x(rows[3]) == 101.00000000049
    assert shapely.get_x(kept(found)[3]) == 101.0


@pytest.mark.parametrize("kind", GeometryKind)
def test_no_rows_and_only_nulls(kind: GeometryKind) -> None:
    for size in (0, 2):
        found = conform(np.full(size, None, dtype=object), kind)
        assert found.missing.tolist() == [True] * size
        assert len(kept(found)) == len(found.moved_m) == size


def test_coordinates_that_are_no_numbers() -> None:
    rows = np.array([shapely.linestrings([[0, 0], [np.inf, 1]]), shapely.Point(np.inf, 1)])
    found = conform(rows, LINE)
    assert found.not_finite.tolist() == [True, True]
    assert shapely.is_missing(kept(found)).all()
    assert not found.repaired.any()


def test_a_monster_is_not_worked_on() -> None:
    line = shapely.linestrings(np.column_stack((np.arange(11.0), np.zeros(11))))
    assert conform(np.array([line]), LINE, vertex_cap=10).too_many_vertices.tolist() == [True]
    assert not conform(np.array([line]), LINE, vertex_cap=11).too_many_vertices.any()


def test_a_feature_may_have_200_000_vertices() -> None:
    x = np.linspace(100, 101, 200_001)
    lines = [shapely.linestrings(x[start:], x[start:]) for start in (0, 1)]
    assert conform(np.array(lines), LINE).too_many_vertices.tolist() == [True, False]


def test_positions_that_differ_by_nothing_give_the_same_bytes() -> None:
    rows = shapes("POINT (0 13)", "POINT (-0.0 13)", "POINT (-1e-12 13)")
    assert len(set(conform(rows, POINT).shapes.to_wkb().to_pylist())) == 1


def test_what_is_sound_is_not_repaired_and_costs_nothing() -> None:
    found = conform(shapes("POLYGON ((0 0, 1 0, 1 1, 0 0))", None), POLYGON)
    assert found.area_change_m2.tolist() == found.moved_m.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("spikes", "metres"),
    [
        ("-1 1.5, -1 2.5, -1 1.5", 110_574),  # a degree of latitude
        ("0 0.5, 1 0.5, 0 0.5", 111_320),  # a degree of longitude at the equator
        ("0 0.5, 0.5 0.5, 0 0.5, 0 0.6, 1 0.6, 0 0.6, 0 0.7, 0.25 0.7, 0 0.7", 111_320),
    ],
)
def test_the_longest_of_the_spikes_that_went_is_told_in_metres(spikes: str, metres: float) -> None:
    corners = ("-2 0", "0 0", "0 0.5", "0 0.6", "0 0.7", "0 1.5", "-1 1.5", "-2 1.5", "-2 0")
    at = spikes.partition(",")[0]
    ring = ", ".join(spikes if corner == at else corner for corner in corners)
    found = conform(shapes(None, f"POLYGON (({ring}))"), POLYGON)
    assert found.repaired.tolist() == [False, True]
    assert found.moved_m.tolist() == pytest.approx([0, metres], abs=0.5)


@pytest.mark.parametrize("place", [300, 301, 302])
def test_one_spike_among_a_thousand_vertices_is_measured(place: int) -> None:
    angle = np.linspace(0, 2 * np.pi, 1_001)
    ring = [(float(x), float(y)) for x, y in np.column_stack((np.cos(angle), np.sin(angle)))]
    ring[-1] = ring[0]
    x, y = ring[place]
    ring[place + 1 : place + 1] = [(2 * x, 2 * y), (x, y)]
    found = conform(np.array([shapely.polygons(ring)]), POLYGON)
    assert found.moved_m[0] == pytest.approx(111_000, rel=0.01), "a degree"


def test_a_degree_of_longitude_is_half_as_long_at_60_north() -> None:
    spike = shapes("POLYGON ((0 60, 1 60, 1 60.5, 1.1 60.5, 1 60.5, 1 61, 0 61, 0 60))")
    assert conform(spike, POLYGON).moved_m[0] == pytest.approx(5_566, abs=1)


def test_a_repair_that_the_grid_would_break_is_made_on_the_grid() -> None:
    """Its crossings lie between the points of the grid: rounded, its parts lie over each other."""
    nano = [(2, 4), (2, 2), (0, 2), (3, 4), (4, 1), (2, 4)]
    tiny = shapely.polygons([(100 + x * 1e-9, 13 + y * 1e-9) for x, y in nano])
    bow_tie = shapely.from_wkt("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))")
    found = conform(np.array([bow_tie, tiny]), POLYGON)
    assert found.repaired.all()
    assert shapely.is_valid(kept(found)).all()
    assert shapely.get_num_geometries(kept(found)).tolist() == [2, 2]
    xy = shapely.get_coordinates(kept(found))
    assert (np.round(xy, 9) == xy).all()


def test_a_repair_says_what_it_cost() -> None:
    """A spike of 0.001 degree (about 110 m) goes; the square under it stays."""
    square = "100 13, 100.01 13, 100.01 13.01, 100.005 13.01"
    spike = shapes(f"POLYGON (({square}, 100.005 13.011, 100.005 13.01, 100 13.01, 100 13))")
    found = conform(spike, POLYGON)
    assert found.repaired.tolist() == [True]
    assert found.area_change_m2[0] == pytest.approx(0, abs=0.01)
    assert found.moved_m[0] == pytest.approx(110.6, abs=1)


def test_a_repair_that_unites_parts_changes_the_area_and_moves_nothing() -> None:
    square = "(100 13, 100.02 13, 100.02 13.02, 100 13.02, 100 13)"
    twice = shapes(f"MULTIPOLYGON (({square}), ({square}))")
    found = conform(twice, POLYGON)
    once = area_m2(shapes(f"POLYGON ({square})"))[0]
    assert found.area_change_m2[0] == pytest.approx(-once)
    assert found.moved_m[0] == 0


def test_many_invalid_vertices_are_measured_in_good_time() -> None:
    assert conform(star(10_000), POLYGON).repaired[0]
    few, many = (cpu_seconds(lambda n=n: conform(star(n), POLYGON)) for n in (2_000, 10_000))
    assert many < 15 * few, "five times the vertices: far from the square, which is 25"


def star(vertices: int) -> np.ndarray:
    """A polygon that crosses itself all the way round."""
    angle = np.linspace(0, 2 * np.pi, vertices)
    radius = 0.01 * (1 + 0.5 * np.sin(angle * 400) * np.arange(vertices) / vertices)
    ring = np.column_stack((100 + radius * np.cos(angle * 2), 13 + radius * np.sin(angle)))
    ring[-1] = ring[0]
    return np.array([shapely.polygons(ring)])


coordinate = st.floats(-0.01, 0.01).map(lambda v: v + 100)
rings = st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=12)


@given(rings)
def test_whatever_the_ring_the_result_is_valid_on_the_grid_and_stable(
    ring: list[tuple[float, float]],
) -> None:
    found = conform(np.array([shapely.polygons([*ring, ring[0]])]), POLYGON)
    stored = kept(found)[0]
    assert (stored is None) == bool(set_masks(found) & {"unrepairable", "missing"})
    if stored is not None:
        assert shapely.is_valid(stored)
        assert shapely.get_type_id(stored) == 6
        xy = shapely.get_coordinates(stored)
        assert (np.round(xy, 9) == xy).all()
        again = conform(kept(found), POLYGON)
        assert kept(again)[0] == stored
        assert set_masks(again) == set()


# --- areas and lengths -------------------------------------------------------------------------


def test_area_is_measured_on_the_ellipsoid() -> None:
    """One degree square at the equator and at Bangkok, by Karney's algorithm (GeographicLib)."""
    squares = shapes(
        "POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0))",
        "POLYGON ((0 1, 1 1, 1 0, 0 0, 0 1), (0.5 0.5, 0.6 0.5, 0.6 0.6, 0.5 0.6, 0.5 0.5))",
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 1, 0 0)), ((2 0, 3 0, 3 1, 2 1, 2 0)))",
        "POINT (0 0)",
        None,
    )
    areas = area_m2(squares)
    assert areas[0] == pytest.approx(12_308_778_361.469, abs=1)
    assert areas[1] == pytest.approx(areas[0] * 0.99, rel=1e-4)
    assert areas[2] == pytest.approx(2 * areas[0])
    assert areas[3:].tolist() == [0, 0]


def test_nothing_measures_nothing() -> None:
    assert area_m2(np.array([], dtype=object)).tolist() == []


# --- order of axes -----------------------------------------------------------------------------


def test_exchanged_axes_are_seen_and_turned() -> None:
    rows = points([100.5, 13.75, 13.75, 0.0, np.nan], [13.75, 100.5, 13.75, 0.0, 1.0])
    wrong = swapped(rows, BANGKOK)
    assert wrong.tolist() == [False, True, False, False, False]
    assert outside(rows, BANGKOK).tolist() == [False, True, True, True, False]
    turned = swap_axes(rows, wrong)
    assert outside(turned, BANGKOK).tolist() == [False, False, True, True, False]
    assert turned.xy[[1]].tolist() == [[100.5, 13.75]]
    assert rows.xy[[1]].tolist() == [[13.75, 100.5]]


@pytest.mark.parametrize(
    ("lon", "lat"), [(100.3, 13.7), (101.0, 13.7), (100.5, 13.4), (100.5, 14.0)]
)
def test_an_edge_of_the_extent_is_within(lon: float, lat: float) -> None:
    there, turned = points([lon], [lat]), points([lat], [lon])
    assert not outside(there, BANGKOK)[0]
    assert swapped(turned, BANGKOK)[0]


@pytest.mark.parametrize(
    ("lon", "lat"), [(100.29, 13.7), (101.01, 13.7), (100.5, 13.39), (100.5, 14.01)]
)
def test_beyond_one_edge_of_the_extent_is_outside(lon: float, lat: float) -> None:
    there = points([lon], [lat])
    assert outside(there, BANGKOK)[0]
    assert not swapped(there, BANGKOK)[0]
    assert not swapped(swap_axes(there, np.array([True])), BANGKOK)[0]


def test_a_shape_with_one_stray_vertex_is_outside() -> None:
    stray = Shapes.of(shapes("LINESTRING (100.5 13.7, 100.6 13.7, 0 0)"))
    assert outside(stray, BANGKOK).tolist() == [True]
    assert swapped(stray, BANGKOK).tolist() == [False]


# --- WKB ---------------------------------------------------------------------------------------


def test_wkb_there_and_back() -> None:
    rows = Shapes.of(shapes("POINT Z (1 2 3)", None))
    column = rows.to_wkb()
    assert column.type == pa.binary()
    read, unreadable, curved = wkb.read(pa.chunked_array([column]))
    assert read.xy[0].tolist() == [1, 2]
    assert read.missing.tolist() == [False, True]
    assert not (unreadable | curved).any()
