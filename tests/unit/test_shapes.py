"""Points as coordinates come to what they come to as geometries, whatever stands beside them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.space import wkb
from geo.space.displacement import displacement_m
from geo.space.geometry import conform, outside, swap_axes, swapped
from geo.space.operations import operation_for, to_degrees, to_wgs84
from geo.space.shapes import Shapes
from schemas.models import GeometryKind

MASKS = ("missing", "not_finite", "too_many_vertices", "mismatched", "unrepairable", "reduced")
BANGKOK = (100.3, 13.4, 101.0, 14.0)
SQUARE = shapely.box(100.5, 13.7, 100.51, 13.71)

# --- awkward shapes, as bytes ------------------------------------------------------------------

number = st.one_of(
    st.floats(13, 101),
    st.sampled_from([0.0, -0.0, 100.5, 13.75, 1e-12, 662699.0, 1520978.0, 1e300]),
    st.sampled_from([np.nan, np.inf, -np.inf]),
)
PLAIN, WITH_Z, WITH_M, WITH_BOTH, EWKB_Z, EWKB_SRID = 0, 1000, 2000, 3000, 1 << 31, 1 << 29


@st.composite
def point(draw: st.DrawFn) -> bytes:
    """A point of any dialect; mostly the plain one."""
    order = draw(st.sampled_from("<<<>"))
    more = draw(st.sampled_from([PLAIN] * 6 + [WITH_Z, WITH_M, WITH_BOTH, EWKB_Z, EWKB_SRID]))
    size = {WITH_BOTH: 4, WITH_Z: 3, WITH_M: 3, EWKB_Z: 3}.get(more, 2)
    place = draw(st.lists(number, min_size=size, max_size=size))
    head = struct.pack("B", order == "<") + struct.pack(f"{order}I", more + 1)
    srid = struct.pack(f"{order}I", 24047) if more == EWKB_SRID else b""
    return head + srid + struct.pack(f"{order}{size}d", *place)


def many(kind: int, parts: list[bytes]) -> bytes:
    return struct.pack("<BII", 1, kind, len(parts)) + b"".join(parts)


def text(words: str) -> bytes:
    return bytes(shapely.to_wkb(shapely.from_wkt(words), byte_order=1))


drawn = st.sampled_from(
    [
        text("POINT EMPTY"),
        text("MULTIPOINT EMPTY"),
        text("MULTIPOINT ((100.5 13.75), EMPTY)"),
        text("LINESTRING (100.5 13.7, 100.6 13.8)"),
        text("LINESTRING Z (100.5 -0.0 1, 100.6 13.8 2)"),
        text("MULTILINESTRING ((100.5 13.7, 100.6 13.8), EMPTY)"),
        text("POLYGON ((100.5 13.7, 100.6 13.7, 100.6 13.8, 100.5 13.7))"),
        text("POLYGON ZM ((0 0 1 1, 1 0 1 1, 1 1 1 1, 0 0 1 1))"),
        text("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))"),
        text("POLYGON ((0 0, 1 1, 2 2, 0 0))"),
        text("MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), EMPTY, ((5 5, 6 5, 6 6, 5 5)))"),
        text("GEOMETRYCOLLECTION (POINT (100.5 13.75), POLYGON ((0 0, 1 0, 1 1, 0 0)))"),
        text("GEOMETRYCOLLECTION (GEOMETRYCOLLECTION (MULTIPOINT (100.5 13.75)))"),
        text("GEOMETRYCOLLECTION EMPTY"),
        struct.pack("<BII6d", 1, 8, 3, 0, 0, 1, 1, 2, 2),  # a curve that is straight
        struct.pack("<BII6d", 1, 8, 3, 0, 0, 1, 1, 2, 0),  # an arc
        many(12, [text("POLYGON ((0 0, 1 0, 1 1, 0 0))")]),
        b"",
        b"nonsense",
        struct.pack("<BI2d", 1, 1, 100.5, 13.75)[:-1],
        struct.pack("<BI2d", 1, 1, 100.5, 13.75) + b"more",
        struct.pack("<BI2d", 7, 1, 100.5, 13.75),
        struct.pack("<BI2d", 1, 9, 100.5, 13.75),
    ]
)
points = st.one_of(point(), st.lists(point(), min_size=1, max_size=2).map(lambda p: many(4, p)))
rows = st.lists(st.one_of(st.none(), points, points, drawn), max_size=8)
kinds = st.sampled_from(list(GeometryKind))
LINES = (
    "LINESTRING (100.5 13.7, 100.6 13.8)",
    "LINESTRING Z (100.5 -0.0 1, 100.6 13.8 2)",
    "LINESTRING (1 1, 1 1)",
    "MULTILINESTRING ((100.5 13.7, 100.6 13.8), (1 2, 3 4, 5 6))",
    "MULTILINESTRING ((100.5 13.7, 100.6 13.8), EMPTY)",
)
LANDS = (
    "POLYGON ((100.5 13.7, 100.6123456789123 13.7, 100.6 13.8, 100.5 13.7))",
    "POLYGON Z ((0 0 1, 9 0 1, 9 9 1, 0 9 1, 0 0 1), (1 1 1, 2 1 1, 2 2 1, 1 1 1))",
    "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))",
    "POLYGON ((0 0, 1 1, 2 2, 0 0))",
    "POLYGON EMPTY",
    "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 -0.0, 6 5, 6 6, 5 -0.0)))",
    "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 2 1, 2 2, 1 1), EMPTY))",
    "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), EMPTY, ((5 5, 6 5, 6 6, 5 5)))",
)
of_one_kind = st.sampled_from([LINES, LANDS]).flatmap(
    lambda words: st.lists(st.one_of(st.none(), st.sampled_from(words).map(text)), max_size=6)
)


def read(given_: list[bytes | None]) -> Shapes:
    return wkb.read(pa.array(given_, pa.binary())).shapes


def one_by_one(given_: list[bytes | None]) -> Iterator[shapely.Geometry | None]:
    """As GEOS reads a row; as we do what GEOS must not be given."""
    for row in given_:
        if row is None:
            yield None
            continue
        try:
            kind = struct.unpack_from("<I" if row[0] else ">I", row, 1)[0] & 0x1FFFFFFF
            careful = kind % 1000 >= 7
            with np.errstate(invalid="ignore"):
                yield wkb.simple(row) if careful else shapely.from_wkb(row)
        except (ValueError, IndexError, struct.error, shapely.errors.ShapelyError):
            yield _simple_or_none(row)


def _simple_or_none(row: bytes) -> shapely.Geometry | None:
    try:
        return wkb.simple(row)
    except (wkb.Broken, wkb.Curved):
        return None


def slowly(given_: list[bytes | None]) -> Shapes:
    """The same rows, each a geometry."""
    return Shapes.of(np.array([*one_by_one(given_), None], dtype=object)[:-1])


def as_bytes(shapes: Shapes) -> list[bytes | None]:
    return _as_bytes(shapes.geometries())


def _as_bytes(geometries: Sequence[shapely.Geometry | None]) -> list[bytes | None]:
    return list(shapely.to_wkb(geometries, byte_order=1, output_dimension=2))


# --- fast equals slow --------------------------------------------------------------------------


@given(rows)
def test_bytes_are_read_as_they_are_one_by_one(given_: list[bytes | None]) -> None:
    fast, slow = read(given_), slowly(given_)
    assert as_bytes(fast) == as_bytes(slow)
    assert fast.missing.tolist() == slow.missing.tolist()


@given(rows, st.sampled_from(["EPSG:4326", "EPSG:24047", "EPSG:32648", "EPSG:3857"]))
def test_positions_are_moved_as_they_are_one_by_one(given_: list[bytes | None], crs: str) -> None:
    operation = operation_for(crs)

    def move(xy: np.ndarray) -> np.ndarray:
        return np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], operation))

    slow = [
        shape and shapely.transform(shapely.force_2d(shape), move) for shape in one_by_one(given_)
    ]
    assert as_bytes(to_degrees(read(given_), operation)) == _as_bytes(slow)


@given(st.one_of(rows, of_one_kind), kinds)
def test_shapes_are_conformed_as_they_are_one_by_one(
    given_: list[bytes | None], kind: GeometryKind
) -> None:
    fast = conform(read(given_), kind)
    wanted = [_conformed(shape, kind) for shape in one_by_one(given_)]
    assert fast.shapes.canonical_wkb().to_pylist() == [shape for shape, _ in wanted]
    found = [{mask for mask in MASKS if getattr(fast, mask)[row]} for row in range(len(given_))]
    assert found == [masks for _, masks in wanted]
    assert fast.shapes.missing.tolist() == [shape is None for shape, _ in wanted]


def _conformed(shape: shapely.Geometry | None, kind: GeometryKind) -> tuple[bytes | None, set[str]]:
    """One shape by hand: (canonical bytes, what was found)."""
    if shape is None or shape.is_empty:
        return None, {"missing"}
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return None, {"not_finite"}
    with np.errstate(over="ignore"):
        grid = shapely.transform(shapely.force_2d(shape), lambda xy: np.round(xy, 9) + 0.0)
    parts = [part for part in _parts(grid) if not part.is_empty]
    wanted = {"point": ("Point",), "line": ("LineString", "LinearRing"), "polygon": ("Polygon",)}
    fits = [part for part in parts if part.geom_type in wanted[kind.value]]
    if not fits or (kind is GeometryKind.point and len(fits) > 1):
        return None, {"mismatched"}
    reduced = {"reduced"} if len(fits) < len(parts) else set()
    joined = {"line": shapely.MultiLineString, "polygon": shapely.MultiPolygon}
    whole = fits[0] if kind is GeometryKind.point else joined[kind.value](fits)
    if not whole.is_valid:
        valid = shapely.make_valid(whole, method="structure", keep_collapsed=False)
        if valid.is_empty:
            return None, {"unrepairable"} | reduced
        whole = shapely.MultiPolygon([p for p in _parts(valid) if p.geom_type == "Polygon"])
    return bytes(shapely.to_wkb(shapely.normalize(whole), byte_order=1)), reduced


def _parts(shape: shapely.Geometry) -> list[shapely.Geometry]:
    if not hasattr(shape, "geoms"):
        return [shape]
    return [part for inner in shape.geoms for part in _parts(inner)]


@given(rows)
def test_bytes_are_written_as_shapely_writes_them(given_: list[bytes | None]) -> None:
    shapes = read(given_)
    flat = shapely.force_2d(shapes.geometries())
    with np.errstate(invalid="ignore"):
        canonical, normal = shapes.canonical_wkb(), shapely.normalize(flat)
    for column, wanted in ((shapes.to_wkb(), _as_bytes(flat)), (canonical, _as_bytes(normal))):
        column.validate(full=True)
        assert column.type == pa.binary()
        assert column.to_pylist() == wanted


@given(rows)
def test_bounds_and_axes_are_those_of_the_geometries(given_: list[bytes | None]) -> None:
    fast, slow = read(given_), slowly(given_)
    assert np.array_equal(fast.bounds(), slow.bounds(), equal_nan=True)
    assert outside(fast, BANGKOK).tolist() == outside(slow, BANGKOK).tolist()
    wrong = swapped(fast, BANGKOK)
    assert wrong.tolist() == swapped(slow, BANGKOK).tolist()
    assert as_bytes(swap_axes(fast, wrong)) == as_bytes(swap_axes(slow, wrong))


@given(rows, st.data())
def test_rows_are_chosen_whatever_stands_in_them(
    given_: list[bytes | None], data: st.DataObject
) -> None:
    shapes = read(given_)
    whole = as_bytes(shapes)
    mask = data.draw(st.lists(st.booleans(), min_size=len(whole), max_size=len(whole)))
    chosen = np.flatnonzero(mask)
    kept = shapes.filter(np.array(mask, dtype=np.bool_))
    assert as_bytes(kept) == as_bytes(shapes.take(chosen)) == [whole[row] for row in chosen]
    assert kept.missing.tolist() == shapes.missing[chosen].tolist()


@given(rows, st.integers(0, 3))
def test_a_row_does_not_depend_on_its_neighbours(given_: list[bytes | None], start: int) -> None:
    column = pa.chunked_array([pa.array(given_, pa.binary()), pa.array([None], pa.binary())])
    cut = wkb.read(column.slice(start)).shapes
    alone = [as_bytes(read([row]))[0] for row in [*given_, None][start:]]
    assert as_bytes(cut) == alone
    large = wkb.read(pa.array(given_, pa.large_binary())).shapes
    assert as_bytes(large) == as_bytes(read(given_))


# --- what a column of shapes is ----------------------------------------------------------------


def test_plain_points_are_never_made_geometries(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the agency's bytes to the database's: nothing of GEOS is asked for."""
    column = pa.array(shapely.to_wkb(shapely.points([[662699, 1520978]] * 3), byte_order=1))
    for name in ("from_wkb", "to_wkb", "points", "normalize", "set_coordinates", "force_2d"):
        monkeypatch.delattr(shapely, name)
    shapes = to_degrees(wkb.read(column).shapes, operation_for("EPSG:24047"))
    found = conform(shapes, GeometryKind.point).shapes
    written = {*found.to_wkb().to_pylist(), *found.canonical_wkb().to_pylist()}
    assert len(written) == 1
    assert found.spots()[0] == pytest.approx((100.50179709, 13.75630202), abs=1e-6)


def test_a_point_with_a_height_is_a_point_like_others_once_it_is_moved() -> None:
    came = read([text("POINT Z (100.5 13.75 7)"), text("POINT EMPTY"), text("MULTIPOINT (1 2)")])
    assert not came.is_point.any(), "until then it is told as it was delivered"
    moved = to_degrees(came, operation_for("EPSG:4326"))
    assert moved.is_point.tolist() == [True, False, False]
    assert moved.xy[0].tolist() == [100.5, 13.75]
    assert moved.drawn_rows.tolist() == [1, 2]


def test_what_comes_from_two_columns_is_there_where_both_are_numbers() -> None:
    xy = np.array([[100.5, 13.75], [np.nan, 13.75], [100.5, np.inf]])
    shapes = Shapes.at(xy)
    assert shapes.missing.tolist() == [False, True, True]
    assert np.isnan(shapes.xy[1:]).all()
    assert len(Shapes.none(3)) == 3 and Shapes.none(3).missing.all()


def test_an_srid_that_came_with_the_bytes_is_in_no_hash() -> None:
    own = shapely.set_srid(SQUARE, 24047)
    came = read([bytes(shapely.to_wkb(own, include_srid=True)), bytes(shapely.to_wkb(SQUARE))])
    for column in (came.to_wkb(), came.canonical_wkb()):
        assert column[0] == column[1]


def test_the_spot_of_a_shape_lies_on_it() -> None:
    horseshoe = shapely.from_wkt("POLYGON ((0 0, 3 0, 3 3, 2 3, 2 1, 1 1, 1 3, 0 3, 0 0))")
    shapes = Shapes.of(np.array([horseshoe, None, shapely.Point(1, 2)], dtype=object))
    spots = shapes.spots()
    assert shapely.intersects_xy(horseshoe, *spots[0])
    assert np.isnan(spots[1]).all()
    assert spots[2].tolist() == [1, 2]


@pytest.mark.parametrize("decimals", [5, 7, 9])
def test_a_layers_precision_is_the_grid_of_all_its_shapes(decimals: int) -> None:
    place, bow_tie = (100.123456789123, 13.7), "POLYGON ((0 0, 1 1.1234567891, 1 0, 0 1, 0 0))"
    flat = text(bow_tie)
    found = conform(read([struct.pack("<BI2d", 1, 1, *place)]), GeometryKind.point, decimals)
    assert found.shapes.xy[0, 0] == round(place[0], decimals)
    repaired = conform(read([flat]), GeometryKind.polygon, decimals)
    xy = shapely.get_coordinates(repaired.shapes.drawn)
    assert repaired.repaired[0] and (np.round(xy, decimals) == xy).all()


@given(rows, rows)
def test_points_are_measured_as_geometries_are(
    before: list[bytes | None], after: list[bytes | None]
) -> None:
    count = min(len(before), len(after))
    pair = (before[:count], after[:count])
    fast = displacement_m(*(conform(read(side), GeometryKind.point).shapes for side in pair))
    as_drawn = (
        Shapes.of(conform(read(side), GeometryKind.point).shapes.geometries()) for side in pair
    )
    assert fast.tolist() == pytest.approx(displacement_m(*as_drawn).tolist(), rel=1e-12)
