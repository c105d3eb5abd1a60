"""Rows that share no key are no copies: leaving them out of the search changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as some

from flows.streaming import Declared, stream
from geo.normalise import normalise
from geo.normalising.identity import agency_keys, rows_alike
from geo.spill import Spill
from geo.states import ROW, RawTable, Surveyed
from geo.survey import survey
from tests.unit.heart import AREA, CATALOGUE, FIRST_ROW, layer, raw, source

KEYS = some.sampled_from(["1", "1.0", " 1", "๑", "2", "3", "", "ก", "ก\u200b", "\0", None])
ROWS = some.lists(
    some.tuples(KEYS, some.sampled_from(["a", "b"]), some.sampled_from(["5", "500", "x"])),
    max_size=14,
)
RANGE = {"rule": "range", "column": "beds", "max": 99, "severity": "error"}
OF = layer({"beds": {"type": "integer"}}, rules=[RANGE])
REASON = {"th": "ก", "en": "a"}
BY = source(
    {"name_th": "kind", "beds": "beds"},
    filters=[{"column": "kind", "keep": ["a"], "reason": REASON}],
)


def delivered(rows: list[tuple[str | None, str, str]], step: int) -> RawTable:
    """Rows that wait on the disk, `step` of them in a batch."""
    columns = {name: [row[i] for row in rows] for i, name in enumerate(("id", "kind", "beds"))}
    whole = raw(**{name: pa.array(values, pa.string()) for name, values in columns.items()})
    spill = Spill(whole.table.schema)
    for start in range(0, len(rows), step):
        spill.add(whole.table.slice(start, step).combine_chunks())
    spill.finish()
    return replace(whole, rows=spill)


@given(ROWS, some.integers(1, 5))
def test_rows_alike_are_those_that_share_a_key_or_have_none(
    rows: list[tuple[str | None, str, str]], step: int
) -> None:
    whole = delivered(rows, step)
    keys = agency_keys(whole.table, ("id",)).to_pylist()
    shared = [FIRST_ROW + row for row, key in enumerate(keys) if keys.count(key) > 1]
    assert rows_alike(whole, ("id",)).to_pylist() == shared


@settings(max_examples=25, deadline=None)
@given(ROWS, some.integers(1, 5))
def test_what_is_said_of_a_delivery_does_not_depend_on_it(
    rows: list[tuple[str | None, str, str]], step: int
) -> None:
    surveyed = survey(delivered(rows, step), BY, OF)
    assert isinstance(surveyed, Surveyed)
    declared = Declared(BY, OF, AREA, CATALOGUE)
    found = stream(surveyed, declared, None)
    without = stream(replace(surveyed, alike=None), declared, None)
    for name in ("accepted", "quarantined", "filtered", "issues"):
        assert getattr(found, name).table() == getattr(without, name).table(), name


def test_only_rows_alike_are_hashed_as_the_agency_wrote_them() -> None:
    whole = raw(id=["a", "b", "a", None], kind=["a"] * 4)
    surveyed = survey(whole, source(), layer())
    assert isinstance(surveyed, Surveyed)
    made = normalise(whole, None, source(), layer(), AREA, CATALOGUE, surveyed.alike)
    assert made.row_hash.is_valid().to_pylist() == [True, False, True, False]
    everything = normalise(whole, None, source(), layer(), AREA, CATALOGUE)
    assert made.row_hash[0] == everything.row_hash[0] == everything.row_hash[2]
    assert surveyed.raw.table[ROW].to_pylist()[0] == surveyed.alike[0].as_py()
