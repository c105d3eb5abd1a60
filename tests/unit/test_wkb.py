"""WKB of every kind and of none: exact where it is straight, said where it is not, never a stop."""

from __future__ import annotations

import multiprocessing
import random
import struct
import time
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely

from geo.space import wkb

Places = list[tuple[float, ...]]
RING: Places = [(0, 0), (1, 0), (1, 1), (0, 0)]


def head(kind: int, order: str = "<") -> bytes:
    return struct.pack("B", order == "<") + struct.pack(f"{order}I", kind)


def counted(*parts: bytes, order: str = "<") -> bytes:
    return struct.pack(f"{order}I", len(parts)) + b"".join(parts)


def places(vertices: Places, order: str = "<") -> bytes:
    return counted(*(struct.pack(f"{order}{len(v)}d", *v) for v in vertices), order=order)


def string(kind: int, vertices: Places, order: str = "<") -> bytes:
    return head(kind, order) + places(vertices, order)


def point(*place: float) -> bytes:
    return head(1) + struct.pack("<2d", *place)


def whole(kind: int, *parts: bytes) -> bytes:
    return head(kind) + counted(*parts)


def surface(kind: int, *rings: Places) -> bytes:
    return head(kind) + counted(*map(places, rings))


def said(*rows: bytes | None) -> list[str | None]:
    """WKT, or what a row is instead."""
    shapes, unreadable, curved = wkb.read(pa.array(rows, pa.binary()))
    assert not (unreadable & curved).any()
    return [
        "unreadable" if bad else "curved" if arc else None if shape is None else shape.wkt
        for shape, bad, arc in zip(shapes.geometries(), unreadable, curved, strict=True)
    ]


LINE, ON = string(2, [(0, 0), (1, 1)]), string(2, [(1, 1), (2, 0)])
STRAIGHT = string(8, [(0, 0), (1, 1), (2, 2)])
ARC, CIRCLE = string(8, [(0, 0), (1, 1), (2, 0)]), string(8, [(0, 0), (2, 0), (0, 0)])
SQUARE = surface(3, RING)
TRIANGLE = "((0 0, 1 0, 1 1, 0 0))"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (STRAIGHT, "LINESTRING (0 0, 1 1, 2 2)"),
        (whole(9, LINE, ON), "LINESTRING (0 0, 1 1, 2 0)"),
        (whole(9, STRAIGHT), "LINESTRING (0 0, 1 1, 2 2)"),
        (whole(10, string(2, RING)), f"POLYGON {TRIANGLE}"),
        (whole(10, whole(9, string(2, RING[:3]), string(2, RING[2:]))), f"POLYGON {TRIANGLE}"),
        (whole(11, LINE, whole(9, ON)), "MULTILINESTRING ((0 0, 1 1), (1 1, 2 0))"),
        (whole(12, SQUARE, whole(10, string(2, RING))), f"MULTIPOLYGON ({TRIANGLE}, {TRIANGLE})"),
        (whole(15, SQUARE, SQUARE), f"MULTIPOLYGON ({TRIANGLE}, {TRIANGLE})"),
        (whole(16, surface(17, RING)), f"MULTIPOLYGON ({TRIANGLE})"),
        (surface(17, RING), f"POLYGON {TRIANGLE}"),
        (whole(7, whole(12, SQUARE)), f"GEOMETRYCOLLECTION (MULTIPOLYGON ({TRIANGLE}))"),
        (whole(12), "MULTIPOLYGON EMPTY"),
        (whole(10), "POLYGON EMPTY"),
        (surface(17), "POLYGON EMPTY"),
        (surface(17, []), "POLYGON EMPTY"),
        (surface(17, RING, []), f"POLYGON {TRIANGLE}"),
        (whole(7, whole(7)), "GEOMETRYCOLLECTION (GEOMETRYCOLLECTION EMPTY)"),
        (whole(7, point(np.nan, np.nan)), "GEOMETRYCOLLECTION (POINT EMPTY)"),
        (whole(7, point(np.nan, 5)), "GEOMETRYCOLLECTION (POINT (NaN 5))"),
        (whole(9, LINE, string(2, []), ON), "LINESTRING (0 0, 1 1, 2 0)"),
        (string(8, []), "LINESTRING EMPTY"),
        (string(1008, [(0, 0, 5), (1, 1, 6), (2, 2, 7)]), "LINESTRING (0 0, 1 1, 2 2)"),
        (string(3008, [(0, 0, 5, 1), (1, 1, 6, 1), (2, 2, 7, 1)]), "LINESTRING (0 0, 1 1, 2 2)"),
        (string(2008, [(0, 0, 1), (1, 1, 1), (2, 2, 1)]), "LINESTRING (0 0, 1 1, 2 2)"),
        (string(0xC0000008, [(0, 0, 5, 1)] * 3), "LINESTRING (0 0, 0 0, 0 0)"),
        (string(0x80000008, [(0, 0, 5), (1, 1, 6), (2, 2, 7)]), "LINESTRING (0 0, 1 1, 2 2)"),
        (string(0x40000008, [(0, 0, 1), (1, 1, 1), (2, 2, 1)]), "LINESTRING (0 0, 1 1, 2 2)"),
        (string(8, [(0, 0), (1, 1), (2, 2)], ">"), "LINESTRING (0 0, 1 1, 2 2)"),
        (string(8, [(0, 0), (1, 1), (np.nan, np.inf)]), "LINESTRING (0 0, 1 1, NaN Infinity)"),
        (head(0x20000000 | 17) + b"\0" * 4 + counted(places(RING)), f"POLYGON {TRIANGLE}"),
    ],
)
def test_what_is_made_of_straight_lines_is_the_simple_kind(given: bytes, read: str) -> None:
    assert said(given) == [read]


@pytest.mark.parametrize(
    "arc",
    [
        ARC,
        CIRCLE,
        string(8, [(0, 0), (3, 0), (2, 0)]),
        string(8, [(0, 0), (2, 0), (0, 0), (1, 1), (2, 2)]),
        string(8, [(100, 13), (100.000005, 13.0000001), (100.00001, 13)]),
        whole(9, LINE, string(8, [(1, 1), (2, 2), (3, 1)])),
        whole(10, string(8, [(0, 0), (2, 0), (0, 0)])),
        whole(12, SQUARE, whole(10, CIRCLE)),
        whole(7, ARC),
        whole(5, ARC),
    ],
)
def test_a_true_arc_is_told_and_disturbs_no_other_row(arc: bytes) -> None:
    assert said(SQUARE, arc, None, LINE) == [
        f"POLYGON {TRIANGLE}",
        "curved",
        None,
        "LINESTRING (0 0, 1 1)",
    ]


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\x01",
        b"nonsense",
        head(8),
        string(8, [(0, 0), (1, 1)]),
        ARC[:-1],
        whole(10, string(2, RING[:3])),
        string(8, [(0, 0)]),
        string(4008, [(0, 0), (1, 1), (2, 2)]),
        b"\x02" + STRAIGHT[1:],
        whole(9, LINE, LINE),
        whole(9, LINE, string(2, [(1, 5), (2, 0)])),
        whole(9, SQUARE),
        whole(12, LINE),
        whole(13),
        whole(18),
        whole(99),
        surface(17, RING[:3]),
        surface(17, [(0, 0), (1, 0), (1, 1), (0, 1)]),
        surface(3, RING[:3]),
        head(12) + b"\xff\xff\xff\xff",
        head(8) + b"\xff\xff\xff\xff" + b"\0" * 64,
        b"\x07" + whole(12, SQUARE)[1:],
    ],
)
def test_what_is_no_geometry_is_masked_and_disturbs_no_other_row(broken: bytes) -> None:
    assert said(LINE, broken, STRAIGHT) == [
        "LINESTRING (0 0, 1 1)",
        "unreadable",
        "LINESTRING (0 0, 1 1, 2 2)",
    ]


def test_nothing_is_made_up_from_damaged_bytes() -> None:
    """Whatever is flipped, each row is a shape, unreadable or curved, and nothing is raised."""
    random.seed(5)
    kinds = [STRAIGHT, ARC, whole(12, SQUARE), whole(16, surface(17, RING)), whole(7, LINE)]
    rows = []
    for _ in range(3_000):
        row = bytearray(random.choice(kinds))
        for _ in range(random.randint(1, 3)):
            row[random.randrange(len(row))] = random.randrange(256)
        rows.append(bytes(row[: random.choice([len(row), random.randrange(len(row))])]))
    shapes, unreadable, curved = wkb.read(pa.array(rows, pa.binary()))
    told = unreadable.astype(int) + curved + ~shapes.missing
    assert (told == 1).all()


def test_long_collections_are_read_as_geos_reads_them() -> None:
    shapes = shapely.points(np.random.default_rng(5).random((3_000, 2))).tolist()
    rings = shapely.buffer(shapes[:200], 0.01).tolist()
    many = [
        shapely.MultiPoint(shapes),
        shapely.MultiPolygon(rings),
        shapely.GeometryCollection(rings),
    ]
    column = pa.array(shapely.to_wkb(many), pa.binary())
    assert all(len(value.as_py()) > wkb.FLAT_BYTES for value in column)
    found = wkb.read(column.slice(1))
    assert shapely.equals_exact(found.shapes.drawn, many[1:]).all()


def nested(depth: int) -> bytes:
    return whole(7) if depth == 0 else whole(7, nested(depth - 1))


def test_collections_nest_32_deep_and_no_deeper() -> None:
    assert said(nested(32), nested(33))[1] == "unreadable"
    assert said(nested(32)) == ["GEOMETRYCOLLECTION (" * 32 + "GEOMETRYCOLLECTION EMPTY" + ")" * 32]


def read_what_has_no_floor() -> None:
    for kind in (7, 6, 12):
        level = struct.pack("<BII", 1, kind, 1)
        rows = pa.array([level * depth for depth in (100, 1_500, 1_000_000)], pa.binary())
        assert wkb.read(rows).unreadable.all()


def test_collections_without_a_floor_do_not_end_the_process() -> None:
    process = multiprocessing.get_context("fork").Process(target=read_what_has_no_floor)
    process.start()
    process.join()
    assert process.exitcode == 0


@pytest.fixture
def given_to_geos(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    seen: list[bytes] = []
    from_wkb = shapely.from_wkb

    def listening(rows: np.ndarray, **options: Any) -> Any:
        seen.extend(row for row in rows if row is not None)
        return from_wkb(rows, **options)

    monkeypatch.setattr(shapely, "from_wkb", listening)
    return seen


Z, M, SRID = 0x80000000, 0x40000000, 0x20000000


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("more", [0, 1000, 2000, 3000, Z, M, Z | M, SRID, Z | M | SRID])
def test_geos_is_given_all_simple_kinds_and_no_other(
    given_to_geos: list[bytes], order: str, more: int
) -> None:
    """It would stop at a curve, and not come back from nesting; and by hand all takes longer."""
    simple = [head(more + kind, order) for kind in range(1, 7)]
    others = [head(more + kind, order) for kind in range(7, 18)]
    said(None, *others, *simple, b"\1\7")
    assert given_to_geos == [*simple, b"\1\7"]


def test_geos_is_given_nothing_that_may_nest_beyond_its_stack(given_to_geos: list[bytes]) -> None:
    sizes = (16_384, 16_385)
    short, long = ([head(kind).ljust(size, b"\0") for kind in range(1, 7)] for size in sizes)
    said(*short, *long)
    assert given_to_geos == [*short, *long[:3]], "a point, a line and a polygon hold no others"


def test_a_column_of_curves_takes_time_by_its_length() -> None:
    def cost(rows: int) -> float:
        column = pa.array([whole(12, SQUARE)] * rows, pa.binary())
        start = time.process_time()
        wkb.read(column)
        return time.process_time() - start

    cost(10)
    assert cost(8_000) < 10 * cost(2_000)


def test_empty_slices_and_chunks() -> None:
    for column in (
        pa.array([], pa.binary()),
        pa.chunked_array([], pa.binary()),
        pa.array([None, None], pa.binary()),
        pa.chunked_array([pa.array([LINE, ARC]), pa.array([None, STRAIGHT], pa.binary())]).slice(1),
    ):
        assert len(wkb.read(column).shapes) == len(column)


@pytest.mark.parametrize(
    ("vertices", "read"),
    [
        ([(0, 0), (1, 1), (2, 2), (3, 1), (4, 0)], "LINESTRING (0 0, 1 1, 2 2, 3 1, 4 0)"),
        ([(0, 0), (2, 3), (4, 6)], "LINESTRING (0 0, 2 3, 4 6)"),
        ([(0, 0), (0.1, 0.1), (0.2, 0.2)], "LINESTRING (0 0, 0.1 0.1, 0.2 0.2)"),
        ([(0, 0), (1, 1), (2, 2), (3, 5), (4, 0)], "curved"),
        ([(0, 0), (1, 5), (2, 2), (3, 1), (4, 0)], "curved"),
        ([(0, 0), (3, 3), (2, 2)], "curved"),  # beyond its end and back
        ([(0, 0), (-1, -1), (2, 2)], "curved"),
        ([(0, 0), (1, 1), (2, 2), (3, 3)], "unreadable"),
    ],
)
def test_each_arc_of_a_string_is_looked_at(vertices: Places, read: str) -> None:
    assert said(string(8, vertices)) == [read]
