"""Areas: which one holds a spot, which one is near, and which one a shape touches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.space import wkb
from geo.space.areas import NEAR_METRES, AdminAreas, Areas
from geo.space.shapes import Shapes

GEOD = pyproj.Geod(ellps="WGS84")
WEST, EAST = shapely.box(100.48, 13.74, 100.50, 13.76), shapely.box(100.50, 13.74, 100.52, 13.76)


def areas_of(codes: Sequence[str | None], shapes: Sequence[shapely.Geometry]) -> Areas:
    named = np.array(codes, dtype=object)
    return Areas(named, np.array(shapes, dtype=object), named)


CITY = areas_of(["a", "b"], [WEST, EAST])


def spots(*places: tuple[float, float] | None) -> np.ndarray:
    return np.array([place or (np.nan, np.nan) for place in places], dtype=float).reshape(-1, 2)


def away(lon: float, lat: float, azimuth: float, metres: float) -> tuple[float, float]:
    """The place so many metres from here, on the ellipsoid."""
    found = GEOD.fwd(lon, lat, azimuth, metres)
    return float(found[0]), float(found[1])


def test_a_spot_lies_in_its_area() -> None:
    found = CITY.at(spots((100.51, 13.75), (100.49, 13.75), (100.6, 13.75), None))
    assert found.tolist() == [1, 0, -1, -1]


def test_a_spot_on_a_shared_edge_lies_in_the_first_of_both() -> None:
    for codes, shapes in ((["a", "b"], [WEST, EAST]), (["a", "b"], [EAST, WEST])):
        areas = areas_of(codes, shapes)
        assert areas.at(spots((100.50, 13.75))).tolist() == [0]


@pytest.mark.parametrize("azimuth", [0, 90, 180, 270])
def test_near_is_250_metres_on_the_ground_in_each_direction(azimuth: float) -> None:
    edge = {0: (100.49, 13.76), 90: (100.52, 13.75), 180: (100.49, 13.74), 270: (100.48, 13.75)}
    close, far = (spots(away(*edge[azimuth], azimuth, metres)) for metres in (249.9, 250.1))
    expected = 1 if azimuth == 90 else 0
    assert NEAR_METRES == 250
    assert CITY.at(close, near=True).tolist() == [expected]
    assert CITY.at(far, near=True).tolist() == [-1]
    assert CITY.at(close).tolist() == [-1], "only on request"


def test_what_lies_inside_is_never_taken_for_what_is_nearer() -> None:
    """A spot in one area is near its neighbour too."""
    assert CITY.at(spots((100.5001, 13.75), (100.4999, 13.75)), near=True).tolist() == [1, 0]


def test_the_nearest_of_several_near_areas_wins() -> None:
    """North of the shared edge, 20 m to one side of it: both are within 250 m."""
    for side, expected in ((-20, 0), (20, 1)):
        lon, lat = away(100.50, 13.76, 90, side)
        assert CITY.at(spots(away(lon, lat, 0, 100)), near=True).tolist() == [expected]


def test_nearest_is_by_degrees_as_placing_has_always_been_and_near_is_by_metres() -> None:
    """At 60 N a degree of longitude is half as long as one of latitude."""
    north = shapely.box(10.0, 60.0015, 10.001, 60.01)
    east = shapely.box(10.002, 59.9, 10.01, 60.0)
    areas = areas_of(["n", "e"], [north, east])
    assert areas.at(spots((10.0, 59.9999)), near=True).tolist() == [0]
    assert areas.at(spots((9.998, 60.002), (10.0, 60.0)), near=True).tolist() == [0, 0]


def test_nothing_is_near_to_no_place() -> None:
    assert CITY.at(spots(None, (np.inf, 13.75), (100.49, 13.75)), near=True).tolist() == [-1, -1, 0]
    assert CITY.at(spots(), near=True).tolist() == []


def test_where_there_are_no_areas_nothing_is_near() -> None:
    nowhere = areas_of([], [])
    assert nowhere.at(spots((100.49, 13.75)), near=True).tolist() == [-1]


def test_mixed_spots_keep_their_rows() -> None:
    near_east = away(100.52, 13.75, 90, 100)
    found = CITY.at(spots(near_east, (0, 0), (100.49, 13.75), near_east), near=True)
    assert found.tolist() == [1, -1, 0, 1]


def test_a_shape_touches_the_area_that_it_claims_or_does_not() -> None:
    across, west = shapely.box(100.495, 13.745, 100.505, 13.755), shapely.Point(100.49, 13.75)
    shapes = Shapes.of(np.array([across, across, west, west, west, None], dtype=object))
    claimed = pa.array(["a", "b", "a", "b", None, "a"])
    assert CITY.touched(shapes, claimed).tolist() == [True, True, True, False, False, False]


def test_areas_that_share_a_code_are_one_to_who_claims_it() -> None:
    """Two sources may draw the same area; and an area may have no code."""
    areas = areas_of(["a", None, "a"], [WEST, WEST, EAST])
    places = Shapes.at(spots((100.49, 13.75), (100.51, 13.75), (100.53, 13.75), (100.49, 13.75)))
    assert areas.touched(places, pa.array(["a", "a", "a", "x"])).tolist() == [
        *(True, True, False, False)
    ]
    assert areas.touched(places, pa.nulls(4, pa.string())).tolist() == [False] * 4


def test_a_row_is_placed_where_it_lies_and_else_as_it_claims() -> None:
    subdistricts = Areas(
        np.array(["100101", None], dtype=object),
        np.array([WEST, EAST], dtype=object),
        np.array(["1001", "1002"], dtype=object),
    )
    admin = AdminAreas(areas_of([], []), subdistricts)
    at = subdistricts.at(spots((100.49, 13.75), (100.51, 13.75), None, None, None))
    claims = (
        pa.array(["1009", None, "1009", None, None]),
        pa.array([None, None, None, "100801", None]),
    )
    district, subdistrict = admin.placed(at, *claims)
    assert district.to_pylist() == ["1001", "1002", "1009", "1008", None]
    assert subdistrict.to_pylist() == ["100101", None, None, "100801", None]


# --- as a plain search finds it ----------------------------------------------------------------

STEP = 0.01
lattice = st.tuples(st.integers(0, 4), st.integers(0, 4)).map(
    lambda place: (100 + STEP * place[0], 13 + STEP * place[1])
)
boxes = st.tuples(lattice, st.integers(1, 2), st.integers(1, 2)).map(
    lambda drawn: shapely.box(
        *drawn[0], drawn[0][0] + STEP * drawn[1], drawn[0][1] + STEP * drawn[2]
    )
)
triangles = (
    st.lists(lattice, min_size=3, max_size=3, unique=True)
    .map(shapely.Polygon)
    .filter(lambda shape: shape.area > 1e-9)
)
lands = st.lists(
    st.one_of(boxes, triangles, st.lists(boxes, min_size=2, max_size=2).map(shapely.union_all)),
    max_size=5,
)
off = st.sampled_from([0, 0, 0, 1e-9, -1e-9, STEP / 2, STEP / 3, 0.002, -0.002, 0.0022, 0.0026])
places = st.tuples(lattice, off, off).map(
    lambda drawn: (drawn[0][0] + drawn[1], drawn[0][1] + drawn[2])
)


def searched(shapes: Sequence[shapely.Geometry], spot: shapely.Point, near: bool) -> int:
    holding = [number for number, shape in enumerate(shapes) if shape.intersects(spot)]
    if holding or not near:
        return holding[0] if holding else -1
    ranked = [(shape.distance(spot), number) for number, shape in enumerate(shapes)]
    return min(
        ((d, n) for d, n in ranked if d <= 0.0025 and metres(spot, shapes[n]) <= 250),
        default=(0, -1),
    )[1]


def metres(spot: shapely.Point, shape: shapely.Geometry) -> float:
    return abs(float(GEOD.geometry_length(shapely.shortest_line(spot, shape))))


@given(lands, st.lists(places, min_size=1, max_size=8))
def test_an_area_is_found_as_a_plain_search_finds_it(
    shapes: list[shapely.Geometry], at: list[tuple[float, float]]
) -> None:
    areas = areas_of([str(number) for number in range(len(shapes))], shapes)
    for near in (False, True):
        wanted = [searched(shapes, shapely.Point(place), near) for place in at]
        assert areas.at(spots(*at), near=near).tolist() == wanted


@given(lands, st.lists(st.one_of(st.none(), boxes, places), min_size=1, max_size=8), st.data())
def test_what_touches_is_found_as_a_plain_search_finds_it(
    shapes: list[shapely.Geometry], rows: list[Any], data: st.DataObject
) -> None:
    codes = data.draw(st.lists(st.sampled_from(["a", "b", None]), min_size=5, max_size=5))
    claimed = data.draw(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=8, max_size=8))
    codes, claimed = codes[: len(shapes)], claimed[: len(rows)]
    drawn = [shapely.Point(row) if isinstance(row, tuple) else row for row in rows]
    wanted = [
        bool(
            row
            and claim
            and any(c == claim and s.intersects(row) for c, s in zip(codes, shapes, strict=True))
        )
        for row, claim in zip(drawn, claimed, strict=True)
    ]
    areas = areas_of(codes, shapes)
    column = wkb.read(pa.array(shapely.to_wkb(drawn), pa.binary())).shapes
    assert areas.touched(column, pa.array(claimed, pa.string())).tolist() == wanted
