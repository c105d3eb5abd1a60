"""A delivery is compared with what stands, part by part, by identity and fingerprint alone."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as some

from geo.store.versions import HASH_TYPE, ID_TYPE, Versions

FEW_IDS = some.sampled_from(
    [bytes([first] * 8 + [second] * 8) for first in (0, 1) for second in (0, 1, 255)]
)
"""Several with the same first half, and some that end in zeros."""
STANDING = some.dictionaries(FEW_IDS, some.integers(0, 3))
PARTS = some.lists(some.lists(some.tuples(FEW_IDS, some.integers(0, 3))))


def fingerprint(content: int, *, version: bytes = b"\x01") -> bytes:
    return version + hashlib.md5(bytes([content]), usedforsecurity=False).digest()


def standing(versions: dict[bytes, int]) -> pa.Table:
    hashes = [fingerprint(content) for content in versions.values()]
    return pa.table(
        {"feature_id": pa.array(versions, ID_TYPE), "content_hash": pa.array(hashes, HASH_TYPE)}
    )


def delivered(rows: list[tuple[bytes, int]]) -> pa.Table:
    """Fingerprints of the first recipe come without their version."""
    hashes = [fingerprint(content)[1:] for _, content in rows]
    ids = pa.array([identity for identity, _ in rows], ID_TYPE)
    return pa.table({"feature_id": ids, "content_hash": pa.array(hashes, pa.binary())})


@given(STANDING, PARTS)
def test_rows_are_compared_as_one_by_one(
    known: dict[bytes, int], parts: list[list[tuple[bytes, int]]]
) -> None:
    versions = Versions(standing(known))
    for rows in parts:
        found = versions.unchanged(delivered(rows)).tolist()
        assert found == [known.get(identity) == content for identity, content in rows]
    seen = {row[0] for rows in parts for row in rows if known.get(row[0]) == row[1]}
    assert set(versions.rest()["feature_id"].to_pylist()) == known.keys() - seen


def test_a_slice_of_a_column_is_compared_as_what_it_holds() -> None:
    ids = [np.random.default_rng(seed).bytes(16) for seed in range(10)]
    versions = Versions(standing(dict.fromkeys(ids, 1)).slice(3, 4))
    chunks = pa.concat_tables([delivered([(i, 1)]) for i in ids]).slice(2, 6)
    assert versions.unchanged(chunks).tolist() == [False, True, True, True, True, False]
    assert versions.rest().num_rows == 0


def test_another_recipe_says_nothing_of_the_same_content() -> None:
    versions = Versions(standing({b"a" * 16: 1}))
    other = pa.array([fingerprint(1, version=b"\x02")], pa.binary())
    rows = pa.table({"feature_id": pa.array([b"a" * 16], ID_TYPE), "content_hash": other})
    assert versions.unchanged(rows).tolist() == [False]
    assert versions.rest().num_rows == 1


def test_a_fingerprint_of_no_recipe_is_a_fault() -> None:
    rows = pa.table({"feature_id": pa.array([b"a" * 16], ID_TYPE), "content_hash": [b"short"]})
    with pytest.raises(pa.ArrowInvalid):
        Versions(standing({})).unchanged(rows)
