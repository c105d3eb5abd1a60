"""Positions are judged by the map's extent, its subdistricts, and what the row itself claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

import pyarrow as pa
import pytest
import shapely

from geo.space.areas import AdminAreas, Areas
from geo.validating.placing import find_places
from geo.validating.positions import place_issues, position_issues
from schemas.models import Severity
from tests.unit.heart import AREA, CATALOGUE, city, issue, layer, normalised, said, source, told

IN_WEST, IN_EAST = shapely.Point(100.49, 13.75), shapely.Point(100.51, 13.75)
METRE = 1 / 108_200  # degrees of longitude at 13.75 N
Shapes = Sequence[shapely.Geometry | None]


def places(
    shapes: Shapes,
    districts: Sequence[str | None] | None = None,
    subdistricts: Sequence[str | None] | None = None,
    origin: str = "file",
    role: str = "place",
    issues: Sequence[pa.Table] = (),
) -> list[tuple[str, int]]:
    delivery = normalised(
        [str(n) for n in range(len(shapes))], shapes, districts, subdistricts, issues
    )
    return said(list(place_issues(delivery, source(origin=origin), layer(role=role), CATALOGUE)))


def test_a_row_without_a_position_is_held_at_the_area_it_names() -> None:
    shapes = [None, None, None, IN_WEST]
    found = places(shapes, ["1001", None, None, None], [None, "100101", None, None])
    assert found == [("place_missing", 13), ("position_missing", 11), ("position_missing", 12)]


def test_a_source_that_has_no_positions_is_not_told_that_they_are_missing() -> None:
    assert places([None, None], ["1001", None], origin="none") == [("place_missing", 12)]


@pytest.mark.parametrize("role", ["area", "district", "subdistrict"])
def test_only_places_stand_at_an_area(role: str) -> None:
    assert places([None], ["1001"], role=role) == [("place_missing", 11)]


def test_a_refused_shape_is_not_missing() -> None:
    issues = [
        issue("geometry_unrepairable", 11),
        issue("geometry_invalid_repaired", 12),
        issue("key_missing", 13),
        issue("text_repaired", 14, severity=Severity.error),
    ]
    found = places([None] * 4, issues=issues)
    assert found == [("place_missing", 12), ("place_missing", 13), ("place_missing", 14)]


def judged(
    shapes: Shapes,
    districts: Sequence[str | None] | None = None,
    subdistricts: Sequence[str | None] | None = None,
    role: str = "place",
    admin: bool = True,
) -> list[pa.Table]:
    delivery = normalised([str(n) for n in range(len(shapes))], shapes, districts, subdistricts)
    areas = city() if admin else None
    by = layer(role=role)
    places = find_places(delivery.shapes, by, areas)
    found = list(position_issues(delivery, places, by, AREA, areas, CATALOGUE))
    return [table for table in found if table.num_rows]


WEST, SOUTH, EAST, NORTH = AREA.extent
BIT = 1e-6


@pytest.mark.parametrize(
    ("lon", "lat", "outside"),
    [
        (WEST, SOUTH, False),
        (EAST, NORTH, False),
        (WEST - BIT, SOUTH, True),
        (WEST, SOUTH - BIT, True),
        (EAST + BIT, NORTH, True),
        (EAST, NORTH + BIT, True),
    ],
)
def test_the_edge_of_the_map_belongs_to_it(lon: float, lat: float, outside: bool) -> None:
    found = judged([None, shapely.Point(lon, lat)], admin=False)
    assert said(found) == ([("position_outside", 12)] if outside else [])


def test_a_position_outside_is_shown() -> None:
    message = told(judged([shapely.Point(0.123456789, -1)], admin=False), "message_en")[0]
    assert "0.12346, -1.00000" in str(message)


@pytest.mark.parametrize(("metres", "outside"), [(240, False), (260, True)])
def test_250_metres_beyond_the_last_subdistrict_are_still_near(
    metres: float, outside: bool
) -> None:
    bank = shapely.Point(100.52 + metres * METRE, 13.75)
    assert said(judged([bank])) == ([("position_outside", 11)] if outside else [])
    assert said(judged([bank], role="area")) == ([("position_outside", 11)] if outside else [])
    assert said(judged([bank], role="district")) == [], "a boundary is not judged by boundaries"
    assert said(judged([bank], admin=False)) == []


def test_a_row_in_another_area_than_it_claims_is_told_where_it_is() -> None:
    found = judged([IN_WEST, IN_EAST, IN_EAST], districts=["1001", "1001", None])
    assert said(found) == [("district_disagrees", 12)]
    assert told(found, "value") == ["1001"]
    assert "1002" in str(told(found, "message_en")[0])


def test_each_area_that_holds_a_shape_is_named_as_that() -> None:
    found = judged([IN_WEST, IN_EAST], districts=["1002", "1001"])
    messages = [str(message) for message in told(found, "message_en")]
    assert "1001" in messages[0] and "1002" in messages[1]
    assert not any("250 m" in message for message in messages)


def test_the_smaller_area_speaks_first_and_alone() -> None:
    found = judged([IN_EAST, IN_EAST], ["1001", "1001"], ["100101", None])
    assert said(found) == [("district_disagrees", 11), ("district_disagrees", 12)]
    assert told(found, "value") == ["100101", "1001"]


def test_a_shape_that_touches_what_it_claims_agrees() -> None:
    across = shapely.box(100.495, 13.745, 100.505, 13.755)
    assert said(judged([across, across], ["1001", "1002"], role="area")) == []


def test_what_lies_outside_the_map_is_not_also_in_the_wrong_district() -> None:
    off = shapely.Point(100.6, 13.9)
    found = judged([off, None, IN_EAST], ["1001", "1001", "1001"])
    assert sorted(said(found)) == [("district_disagrees", 13), ("position_outside", 11)]


def test_near_an_area_is_said_as_near() -> None:
    bank = shapely.Point(100.52 + 100 * METRE, 13.75)
    found = judged([bank], ["1001"])
    assert said(found) == [("district_disagrees", 11)]
    assert "- (1002 < 250 m)" in str(told(found, "message_en")[0])


def test_where_no_area_is_near_a_dash_stands() -> None:
    """A long shape may touch nothing that it claims, while its middle lies near a subdistrict."""
    areas = city()
    west = (part[:1] for part in astuple(areas.districts))
    only_west = AdminAreas(Areas(*west), areas.subdistricts)
    delivery = normalised(["a"], [IN_EAST], ["1003"])
    places = find_places(delivery.shapes, layer(), only_west)
    found = list(position_issues(delivery, places, layer(), AREA, only_west, CATALOGUE))
    assert said(found) == [("district_disagrees", 11)]
    message = str(told(found, "message_en")[0])
    assert "1002" not in message and "250 m" not in message and "-" in message
