"""Positions: from the file or from two columns, moved, turned, put in order; or refused."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyproj
import pytest
import shapely

from geo.normalising.positions import Positions, read_positions
from geo.space.declared_crs import identify
from geo.space.operations import operation_for
from tests.unit.heart import AREA, CATALOGUE, layer, raw, said, source, told

pytestmark = pytest.mark.usefixtures("quick_reader")

DEGREES = pyproj.CRS.from_epsg(4326).to_wkt("WKT1_ESRI")
SQUARE = shapely.box(100.5, 13.7, 100.51, 13.71)
BOWTIE = shapely.from_wkt(
    "POLYGON ((100.5 13.7, 100.51 13.71, 100.51 13.7, 100.5 13.71, 100.5 13.7))"
)
Shapes = Sequence[shapely.Geometry | bytes | None]
INSIDE: Shapes = (shapely.Point(100.5, 13.75),)


def read(shapes: Shapes = INSIDE, crs: str = DEGREES, kind: str = "point") -> Positions:
    given = raw(crs=crs, shapes=shapes, id=["a"] * len(shapes))
    by, operation = source(origin="file"), operation_for(str(identify(crs)))
    return read_positions(given.table, operation, by, layer(geometry=kind), AREA, CATALOGUE)


def from_columns(
    x: Sequence[object], y: Sequence[object], crs: str = "EPSG:4326", **more: Any
) -> Positions:
    given = raw(x=x, y=y, **more)
    by = source(origin="columns", crs=crs)
    return read_positions(given.table, operation_for(crs), by, layer(), AREA, CATALOGUE)


def test_a_source_without_positions_has_none() -> None:
    given = raw(id=["a", "b"], shapes=[shapely.Point(100.5, 13.75)] * 2)
    found = read_positions(given.table, None, source(), layer(), AREA, CATALOGUE)
    assert found.shapes.missing.tolist() == [True, True] and found.issues == []


# --- from columns ------------------------------------------------------------------------------


def test_points_are_read_from_text_and_from_numbers() -> None:
    for x, y in ((["100.5"], ["๑๓.๗๕"]), ([100.5], [13.75])):
        assert from_columns(x, y).shapes.xy.tolist() == [[100.5, 13.75]]


def test_easting_and_northing_are_moved() -> None:
    found = from_columns(["662699"], ["1520978"], "EPSG:24047")
    lon, lat = found.shapes.xy[0]
    assert (lon, lat) == pytest.approx((100.50179709, 13.75630202), abs=1e-6)


def test_positions_are_on_the_grid_that_the_layer_declares() -> None:
    given = raw(x=["100.123456789"], y=["13.75"])
    by = source(origin="columns", crs="EPSG:4326")
    for decimals, lon in ((5, 100.12346), (9, 100.123456789)):
        of = layer(precision=decimals)
        found = read_positions(given.table, operation_for("EPSG:4326"), by, of, AREA, CATALOGUE)
        assert found.shapes.xy.tolist() == [[lon, 13.75]]


def test_only_zero_and_zero_is_nowhere() -> None:
    found = from_columns([0.0, 0.0, 100.5, 0.0], [0.0, 13.75, 0.0, None])
    assert said(found.issues)[0] == ("position_unreadable", 11)
    unreadable = [row for code, row in said(found.issues) if code == "position_unreadable"]
    assert unreadable == [11]
    assert found.shapes.missing.tolist() == [True, False, False, True]


def test_half_a_position_is_unreadable_where_the_other_half_is_rubbish() -> None:
    found = from_columns(["100.5", "x", "100.5", None, None], ["y", "13.75", None, "13.75", None])
    assert said(found.issues) == [("position_unreadable", 11), ("position_unreadable", 12)]
    assert told(found.issues, "column_name") == ["x, y"] * 2
    assert told(found.issues, "value") == ["100.5, y", "x, 13.75"]
    assert found.shapes.missing.tolist() == [True] * 5


def test_what_is_missing_of_a_position_is_shown_as_nothing() -> None:
    assert told(from_columns([None], ["y"]).issues, "value") == [", y"]


# --- from files --------------------------------------------------------------------------------


def test_bytes_that_are_no_shape_are_an_error_of_their_row() -> None:
    found = read([b"nonsense", shapely.Point(100.5, 13.75), None])
    assert said(found.issues) == [("geometry_unrepairable", 11)]
    assert found.shapes.missing.tolist() == [True, False, True]
    assert "bytes" in str(told(found.issues, "message_en")[0])


def test_exchanged_axes_are_turned_and_said() -> None:
    places = [shapely.Point(13.75, 100.5), shapely.Point(100.5, 13.75), shapely.Point(13.75, 13.75)]
    found = read(places)
    assert said(found.issues) == [("position_swapped", 11)]
    assert told(found.issues, "value") == ["lat, lon"]
    assert found.shapes.xy[:2].tolist() == [[100.5, 13.75]] * 2
    assert found.shapes.xy[2:].tolist() == [[13.75, 13.75]]


def test_a_repair_says_how_far_and_how_much() -> None:
    found = read([SQUARE, BOWTIE], kind="polygon")
    assert said(found.issues) == [("geometry_invalid_repaired", 12)]
    assert "0.00 m, " in str(told(found.issues, "message_en")[0])
    assert "m2" in str(told(found.issues, "message_en")[0])
    assert all(shapely.is_valid(found.shapes.drawn))


def test_each_way_to_be_no_shape_of_the_layer_is_told_apart() -> None:
    flat = shapely.from_wkt("POLYGON ((100 13, 101 14, 102 15, 100 13))")
    endless = shapely.linestrings([[0.0, 0.0], [np.inf, 1.0]])
    found = read([flat, SQUARE, shapely.Point(100.5, 13.75)], kind="polygon")
    assert said(found.issues) == [("geometry_unrepairable", 11), ("geometry_type_mismatch", 13)]
    assert "another kind of shape" in str(told(found.issues, "message_en")[1])
    found = read([endless], kind="line")
    assert said(found.issues) == [("geometry_unrepairable", 11)]
    assert "finite" in str(told(found.issues, "message_en")[0])


def test_a_monster_of_a_shape_is_refused_alone() -> None:
    angle = np.linspace(0, 2 * np.pi, 200_002)
    ring = np.column_stack((100.5 + 0.01 * np.cos(angle), 13.7 + 0.01 * np.sin(angle)))
    ring[-1] = ring[0]
    found = read([shapely.polygons(ring), SQUARE], kind="polygon")
    assert said(found.issues) == [("geometry_too_many_vertices", 11)]
    assert "> 200,000" in str(told(found.issues, "message_en")[0])
    assert found.shapes.missing.tolist() == [True, False]


def test_a_curve_is_read_where_it_is_straight_and_told_where_it_is_not() -> None:
    surface = struct.pack("<BII", 1, 12, 1) + shapely.to_wkb(SQUARE, byte_order=1)
    arc = struct.pack("<BII6d", 1, 8, 3, 100.5, 13.7, 100.6, 13.8, 100.7, 13.7)
    shapes = [surface, arc, SQUARE]
    found = read(shapes=shapes, kind="polygon")
    straight, curved, plain = found.shapes.drawn
    assert shapely.equals(straight, plain)
    assert curved is None
    assert said(found.issues) == [("geometry_curved", 12)]
