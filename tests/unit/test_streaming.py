"""The stream: whatever batches a delivery comes in, the same is said of each of its rows."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as some

from flows.streaming import Declared, judged, stream
from geo.errors import RowAccountingError
from geo.spill import Spill
from geo.states import BadRow, RawTable, Surveyed, Validated
from geo.survey import survey
from geo.validating.seen import Seen
from schemas.models import Source
from tests.unit.heart import AREA, CATALOGUE, city, layer, raw, source

RANGE = {"rule": "range", "column": "beds", "max": 99, "severity": "error"}
LAYER = layer({"beds": {"type": "integer"}}, rules=[RANGE])
BY: Source = source(
    {"name_th": "name", "beds": "beds"},
    origin="file",
    crs="EPSG:4326",
    filters=[{"column": "kind", "keep": ["a"], "reason": {"th": "ก", "en": "a"}}],
)
DECLARED = Declared(BY, LAYER, AREA, CATALOGUE)
ROWS = some.lists(
    some.tuples(
        some.sampled_from(["1", "2", "3", None]),
        some.sampled_from(["a", "a", "a", "b"]),
        some.sampled_from(["ก", "ข", None]),
        some.sampled_from(["5", "5", "500", "x", None]),
        some.sampled_from([(100.49, 13.75), (100.51, 13.75), (90.0, 0.0), None]),
    ),
    max_size=40,
)
CUTS = some.lists(some.integers(0, 40), max_size=6)


def delivered(rows: Sequence[tuple[object, ...]], bad: Sequence[int] = ()) -> RawTable:
    keys, kinds, names, beds, places = zip(*rows, strict=True) if rows else ((),) * 5
    shapes = [None if place is None else shapely.Point(place) for place in places]
    words = {"id": keys, "kind": kinds, "name": names, "beds": beds}
    columns = {name: pa.array(values, pa.string()) for name, values in words.items()}
    unread = [BadRow(row=1_000 + number, code="x", raw="?") for number in bad]
    return raw(unread, shapes=shapes, **columns)


def in_batches(whole: RawTable, cuts: Sequence[int]) -> RawTable:
    """The same rows, waiting on the disk in batches that end where `cuts` say."""
    count = whole.table.num_rows
    at = sorted({0, count, *(cut for cut in cuts if cut < count)})
    spill = Spill(whole.table.schema)
    for begin, end in itertools.pairwise(at):
        spill.add(whole.table.slice(begin, end - begin).combine_chunks())
    spill.finish()
    return RawTable(spill, whole.report)


def said(delivery: RawTable) -> Validated:
    surveyed = survey(delivery, BY, LAYER)
    assert isinstance(surveyed, Surveyed), surveyed
    return stream(surveyed, DECLARED, city())


def rows_of(spill: Spill, *order: str) -> pa.Table:
    return spill.table().sort_by([(name, "ascending") for name in order])


@settings(max_examples=60, deadline=None)
@given(ROWS, CUTS, some.lists(some.integers(1, 9), unique=True, max_size=3))
def test_batches_change_nothing(
    rows: list[tuple[object, ...]], cuts: list[int], bad: list[int]
) -> None:
    whole = delivered(rows, bad)
    one, many = said(in_batches(whole, [])), said(in_batches(whole, cuts))
    for name in ("accepted", "quarantined", "filtered"):
        expected, found = (rows_of(getattr(told, name), "source_row") for told in (one, many))
        assert found == expected, name
    order = ("source_row", "code", "message_en")
    assert rows_of(many.issues, *order) == rows_of(one.issues, *order)
    assert (many.rows_in, many.rows_at_area, many.rows_repaired) == (
        one.rows_in,
        one.rows_at_area,
        one.rows_repaired,
    )
    assert many.rows_in == len(rows) + len(bad)


def test_a_key_belongs_to_the_first_sound_row_of_whatever_batch() -> None:
    """The first row under the key has an error; the second one owns it; others are too late."""
    rows = [
        ("1", "a", "ก", "500", (100.49, 13.75)),
        ("1", "a", "ข", "5", (100.49, 13.75)),
        ("1", "a", "ค", "5", (100.49, 13.75)),
        ("1", "a", "ข", "5", (100.49, 13.75)),
    ]
    found = said(in_batches(delivered(rows), [1, 2, 3]))
    assert found.accepted.table()["name_th"].to_pylist() == ["ข"]
    codes = dict(
        zip(
            *(found.quarantined.table()[name].to_pylist() for name in ("source_row", "codes")),
            strict=True,
        )
    )
    assert codes == {11: ["value_out_of_range"], 13: ["key_duplicate"], 14: ["row_duplicate"]}
    messages = found.issues.table().to_pylist()
    assert all("row 12" in m["message_en"] for m in messages if "duplicate" in m["code"])


def test_the_unit_of_the_stream_knows_no_other_batch_and_no_database() -> None:
    """A batch in another order, or alone, gives the same rows: another machine may do it."""
    whole = delivered([("1", "a", "ก", "5", (100.49, 13.75))] * 2)
    surveyed = survey(whole, BY, LAYER)
    assert isinstance(surveyed, Surveyed)
    first, second = in_batches(whole, [1]).batches()
    again = [judged(batch, surveyed.operation, DECLARED, city()) for batch in (second, first)]
    assert [part.rows["source_row"].to_pylist() for part in again] == [[12], [11]]
    assert again[0].row_hash == again[1].row_hash and not again[0].issues.num_rows


def test_a_row_that_becomes_another_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sum comes out; the number does not."""
    from flows import streaming

    whole = delivered([("1", "a", "ก", "5", (100.49, 13.75))])

    def instead(batch: RawTable, *given: object) -> object:
        found = judged(batch, *given)  # type: ignore[arg-type]
        numbers = pa.array([77] * found.rows.num_rows, pa.int32())
        rows = found.rows.set_column(0, "source_row", numbers)
        return type(found)(found.raw, rows, found.row_hash, found.issues, found.filtered)

    monkeypatch.setattr(streaming, "judged", instead)
    with pytest.raises(RowAccountingError):
        said(whole)


@given(
    some.lists(some.integers(0, 30), max_size=200),
    some.lists(some.integers(1, 50), min_size=1, max_size=5),
)
def test_who_had_a_hash_first_is_found_by_all_of_its_bits(
    values: list[int], sizes: list[int]
) -> None:
    """Hashes that differ in their last byte alone all want one place of the table."""
    hashes = pa.array([bytes(15) + bytes([value]) for value in values], pa.binary(16))
    rows = np.arange(len(values)) * 3 + 7
    seen, found = Seen(len(values)), list[int]()
    at = 0
    for size in itertools.cycle(sizes):
        if at >= len(values):
            break
        found += seen.first(hashes.slice(at, size), rows[at : at + size]).tolist()
        at += size
    assert found == [int(rows[values.index(value)]) for value in values]
