"""Keys: who has none, who is a copy, and whose a key is that several rows claim."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from geo.states import Normalised
from geo.validating.keys import Keys
from tests.unit.heart import CATALOGUE, issue, judged, normalised, raw, said, source, told


def found(
    delivery: Normalised, known: Sequence[pa.Table] = (), key: Sequence[str] = ("id",)
) -> list[pa.Table]:
    keys = Keys(delivery.table.num_rows, source(key=key), CATALOGUE)
    return list(keys.issues(judged(delivery, known)))


def test_a_row_without_a_key_is_said_by_its_column() -> None:
    issues = found(normalised(["a", None, "b"]), key=("id", "part"))
    assert said(issues) == [("key_missing", 12)]
    assert told(issues, "column_name") == ["id, part"]


def test_an_exact_copy_names_the_first_row_of_its_kind() -> None:
    delivered = raw(id=["a", "b", "a", "a"], note=["x", "y", "x", "x"])
    issues = found(normalised(["a", "b", "a", "a"], delivered=delivered))
    assert said(issues) == [("row_duplicate", 13), ("row_duplicate", 14)]
    assert all("row 11" in str(message) for message in told(issues, "message_en"))


def test_another_row_under_a_key_names_the_owner() -> None:
    delivered = raw(id=["z", "a", "a", "a"], note=["w", "x", "y", "z"])
    issues = found(normalised(["z", "a", "a", "a"], delivered=delivered))
    assert said(issues) == [("key_duplicate", 13), ("key_duplicate", 14)]
    assert told(issues, "column_name") == ["id", "id"]
    assert told(issues, "value") == ["a", "a"]
    assert all("row 12" in str(message) for message in told(issues, "message_en"))


def test_two_rows_without_a_key_do_not_share_one() -> None:
    delivered = raw(id=[None, None], note=["x", "y"])
    issues = found(normalised([None, None], delivered=delivered))
    assert said(issues) == [("key_missing", 11), ("key_missing", 12)]


def test_a_copy_is_no_second_owner_of_its_key() -> None:
    delivered = raw(id=["a", "a", "a"], note=["x", "x", "y"])
    issues = found(normalised(["a", "a", "a"], delivered=delivered))
    assert said(issues) == [("row_duplicate", 12), ("key_duplicate", 13)]


def test_a_row_with_an_error_owns_no_key_and_loses_none() -> None:
    delivered = raw(id=["a", "a", "a"], note=["x", "y", "z"])
    spoilt = [issue("geometry_unrepairable", 11), issue("value_unreadable", 12)]
    issues = found(normalised(["a", "a", "a"], delivered=delivered), spoilt)
    assert said(issues) == [("key_duplicate", 13)]
    assert "row 12" in str(told(issues, "message_en")[0]), "a warning spoils nothing"
