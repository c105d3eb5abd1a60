"""Hashes that are stored: the same for ever for the same content, different for different."""

from __future__ import annotations

import math
import struct
import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.normalising import hashing
from geo.normalising.hashing import (
    HASH_TYPE,
    content_hashes,
    feature_ids,
    row_hashes,
)
from geo.space.shapes import Shapes

GOLDEN = {
    "name_th": pa.array(["สวนลุมพินี", "", None, "a:b=1"]),
    "beds": pa.array([120, 0, None, -1], pa.int64()),
    "area_m2": pa.array([576000.5, 0.0, None, 0.1]),
    "lgbt_clinic": pa.array([True, False, None, True]),
    "completed_on": pa.array([date(2024, 2, 29), date(1970, 1, 1), None, date(2567, 1, 1)]),
    "fetched_at": pa.array(
        [datetime(2024, 2, 29, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), None, None]
    ),
    "geom": Shapes.of(
        np.array([shapely.Point(100.5, 13.75), None, None, shapely.box(100, 13, 101, 14)])
    ).canonical_wkb(),
}


def digests(**columns: object) -> list[str]:
    return [value.hex() for value in row_hashes(pa.table(columns)).to_pylist()]


def test_golden_hashes() -> None:
    """When this fails, a library changed: a release after it would re-publish every feature."""
    found = row_hashes(pa.table(GOLDEN))
    assert found.type == HASH_TYPE
    assert [value.hex() for value in found.to_pylist()] == [
        "874f03f11f125bf16788a871cfb339c6",
        "a9de21595efa3314e03ff84b6641b77b",
        "841f64a6a4e1b0779c686e753cb232f8",
        "2413d74f6a8462fc8c6095ec2089db0d",
    ]


def test_golden_ids() -> None:
    """When this fails, every feature of every map would lose its identity."""
    found = feature_ids(
        "parks_bma", [pa.array(["1", "๒", None, ""]), pa.array(["a", "b", "", None])]
    )
    assert found.type == HASH_TYPE
    assert [str(uuid.UUID(bytes=value)) for value in found.to_pylist()] == [
        "897bbd96-2647-82ac-8430-7eb8e11453fc",
        "9f1dee65-6b15-81c5-895e-67fab22a27bc",
        "af5581b1-4fe1-88a5-b3a7-ab2073f9ec61",
        "68a6f77d-0ba6-8c81-a7a4-48052a9db090",
    ]


def test_ids_are_uuids_of_version_8() -> None:
    found = feature_ids("s", [pa.array([str(number) for number in range(1000)])]).to_pylist()
    ids = [uuid.UUID(bytes=value) for value in found]
    assert {value.version for value in ids} == {8}
    assert {value.variant for value in ids} == {uuid.RFC_4122}
    assert len(set(ids)) == 1000


def test_ids_depend_on_source_and_on_each_key_in_order() -> None:
    one, two = pa.array(["1"]), pa.array(["2"])
    found = [
        feature_ids("a", [one]),
        feature_ids("b", [one]),
        feature_ids("a", [one, two]),
        feature_ids("a", [two, one]),
        feature_ids("a", [pa.array(["12"])]),
        feature_ids("a1", [two]),
    ]
    assert len({value.to_pylist()[0] for value in found}) == len(found)
    assert feature_ids("a", [pa.array([1.0])]).equals(feature_ids("a", [pa.chunked_array([one])]))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"a": ["a"], "b": ["bc"]}, {"a": ["ab"], "b": ["c"]}),
        ({"a": ["x"], "b": [None]}, {"a": [None], "b": ["x"]}),
        ({"a": [""]}, {"a": pa.array([None], pa.string())}),
        ({"a": ["1:x"]}, {"a": ["1"], "b": ["x"]}),
        ({"a": ["a\0"]}, {"a": ["a"]}),
        ({"a": ["a\0b"]}, {"a": ["a\0c"]}),
        ({"a": [0.1 + 0.2]}, {"a": [0.3]}),
        ({"a": [True]}, {"a": [False]}),
        ({"a": ["xb=1:y"]}, {"a": ["x"], "b": ["y"]}),
    ],
)
def test_different_rows_differ(left: dict[str, object], right: dict[str, object]) -> None:
    assert digests(**left) != digests(**right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"a": ["x"], "b": [1]}, {"b": [1], "a": ["x"]}),
        ({"a": ["x"]}, {"a": ["x"], "b": pa.nulls(1, pa.float64())}),
        ({"a": [0.0]}, {"a": [-0.0]}),
        ({"a": [float("nan")]}, {"a": pa.nulls(1)}),
        ({"a": ["x", "y"]}, {"a": pa.chunked_array([["x"], ["y"]])}),
        ({"a": ["x", "x"]}, {"a": pa.array(["x", "x"]).dictionary_encode()}),
        ({"a": ["x"]}, {"a": pa.array(["x"], pa.large_string())}),
        ({"a": pa.array([0.5], pa.float32())}, {"a": [0.5]}),
        (
            {"a": [datetime(2024, 1, 1, 7, tzinfo=timezone(timedelta(hours=7)))]},
            {"a": pa.array([datetime(2024, 1, 1, tzinfo=UTC)], pa.timestamp("ms", "UTC"))},
        ),
    ],
)
def test_equal_rows_agree(left: dict[str, object], right: dict[str, object]) -> None:
    assert digests(**left) == digests(**right)


def test_equal_shapes_have_one_wkb() -> None:
    ring = [(0, 0), (1, 0), (1, 1), (0, 1)]
    turned = [ring[2:] + ring[:2], ring[::-1]]
    shapes = [shapely.polygons(points) for points in (ring, *turned)]
    shapes.append(shapely.force_3d(shapes[0], 5))
    assert len(set(Shapes.of(np.array(shapes)).canonical_wkb().to_pylist())) == 1


def test_no_rows() -> None:
    assert row_hashes(pa.table({"a": pa.array([], pa.string())})).to_pylist() == []
    assert feature_ids("a", [pa.array([], pa.string())]).to_pylist() == []


# --- whole columns are hashed as one row after the other -----------------------------------------


def siphash(key: bytes, data: bytes) -> int:
    """SipHash-2-4, as its authors wrote it down (Aumasson and Bernstein, 2012)."""
    k0, k1 = struct.unpack("<QQ", key)
    start = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
    v0, v1, v2, v3 = (word ^ k for word, k in zip(start, (k0, k1, k0, k1), strict=True))
    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) % 256])
    for (word,) in struct.iter_unpack("<Q", padded):
        v3 ^= word
        v0, v1, v2, v3 = sip_rounds(2, v0, v1, v2, v3)
        v0 ^= word
    v0, v1, v2, v3 = sip_rounds(4, v0, v1, v2 ^ 0xFF, v3)
    return v0 ^ v1 ^ v2 ^ v3


def sip_rounds(count: int, v0: int, v1: int, v2: int, v3: int) -> tuple[int, int, int, int]:
    def turned(word: int, by: int) -> int:
        return (word << by | word >> (64 - by)) % 2**64

    for _ in range(count):
        v0, v2 = (v0 + v1) % 2**64, (v2 + v3) % 2**64
        v1, v3 = turned(v1, 13) ^ v0, turned(v3, 16) ^ v2
        v0, v2 = (turned(v0, 32) + v3) % 2**64, (v2 + v1) % 2**64
        v3, v1 = turned(v3, 21) ^ v0, turned(v1, 17) ^ v2
        v2 = turned(v2, 32)
    return v0, v1, v2, v3


def spread(word: int) -> int:
    """What pandas makes of each hash at its end: the mixer of SplitMix64, which is reversible."""
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    word = (word ^ word >> 27) * 0x94D049BB133111EB % 2**64
    return word ^ word >> 31


def written(value: object) -> bytes:
    """A value as the recipe writes it."""
    match value:
        case bytes():
            return value
        case bool():
            return b"true" if value else b"false"
        case float():
            return str(struct.unpack("<q", struct.pack("<d", value + 0.0))[0]).encode()
        case datetime():
            return str(
                (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
            ).encode()
    return str(value).encode()


def one_by_one(row: dict[str, Any]) -> str:
    """The digest of a row, by the recipe at the head of the module."""
    text = b""
    for name in sorted(row):
        value = row[name]
        if value is not None and not (isinstance(value, float) and math.isnan(value)):
            text += f"{name}={len(written(value))}:".encode() + written(value)
    keys = (b"onemap row hash1", b"onemap row hash2")
    return b"".join(spread(siphash(key, text)).to_bytes(8, "little") for key in keys).hex()


KINDS: dict[str, tuple[st.SearchStrategy[Any], pa.DataType]] = {
    "words": (st.text(max_size=20), pa.string()),
    "ชื่อ": (st.sampled_from(["ก" * 341, "ก" * 342, "a" * 2000, "", "1:x"]), pa.string()),
    "integer": (st.integers(-(2**63), 2**63 - 1), pa.int64()),
    "number": (st.floats() | st.sampled_from([-0.0, 2.0**53, 5e-324]), pa.float64()),
    "flag": (st.booleans(), pa.bool_()),
    "day": (st.dates(date(1, 1, 1)), pa.date32()),
    "instant": (st.datetimes(timezones=st.just(UTC)), pa.timestamp("us", "UTC")),
    "geom": (st.binary(max_size=40), pa.binary()),
    "fixed": (st.binary(min_size=16, max_size=16), pa.binary(16)),
}
TYPED_ROWS = st.fixed_dictionaries({name: st.none() | kind for name, (kind, _) in KINDS.items()})


@settings(max_examples=40)
@given(st.lists(TYPED_ROWS, min_size=1, max_size=6), st.integers(1, 4), st.booleans())
def test_whole_columns_are_hashed_as_one_row_after_the_other(
    rows: list[dict[str, Any]], step: int, chunked: bool
) -> None:
    columns = {
        name: pa.array([row[name] for row in rows], kind) for name, (_, kind) in KINDS.items()
    }
    table = pa.table(columns)
    if chunked:
        table = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashing, "_ROWS_AT_ONCE", step)
        found = row_hashes(table)
    assert [value.hex() for value in found.to_pylist()] == [one_by_one(row) for row in rows]


def test_the_text_of_large_shapes_is_written_a_few_rows_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hashing, "_BYTES_AT_ONCE", 10_000)
    shapes = pa.array([bytes([number]) * 1_000 for number in range(100)])
    seen: list[int] = []
    write = hashing._written
    monkeypatch.setattr(
        hashing, "_written", lambda columns, rows: (seen.append(rows), write(columns, rows))[1]
    )
    found = row_hashes(pa.table({"geom": shapes})).to_pylist()
    assert max(seen) <= 11 and sum(seen) == 100
    assert found[7].hex() == one_by_one({"geom": bytes([7]) * 1_000})


value = st.one_of(st.none(), st.text(max_size=4))


@given(st.lists(st.tuples(value, value, value), min_size=1, max_size=6))
def test_rows_agree_exactly_where_their_content_does(
    rows: list[tuple[str | None, str | None, str | None]],
) -> None:
    columns = {
        name: pa.array(values, pa.string()) for name, *values in zip("abc", *rows, strict=True)
    }
    assert len(set(digests(**columns))) == len(set(rows))
    alone = [digests(**{n: c.slice(i, 1) for n, c in columns.items()})[0] for i in range(len(rows))]
    assert alone == digests(**columns), "a row's hash does not depend on its neighbours"


def test_hashes_of_content_are_those_that_databases_hold() -> None:
    rows = pa.table({"name": ["สวน", None], "area_m2": [1.5, 2.0]})
    assert content_hashes(rows).to_pylist() == row_hashes(rows).to_pylist(), "version 1 says none"


def test_a_later_recipe_says_its_version_before_the_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"name_th": ["สวนลุมพินี", None]})
    first = row_hashes(table).to_pylist()
    assert content_hashes(table).to_pylist() == first
    monkeypatch.setattr("geo.normalising.hashing.HASH_VERSION", 2)
    assert content_hashes(table).to_pylist() == [b"\x02" + digest for digest in first]
