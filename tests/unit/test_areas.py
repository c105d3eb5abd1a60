"""Areas: which one holds a spot, which one is near, and which one a shape touches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely

from geo.space.areas import NEAR_METRES, Areas
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
