"""CSV of any characters: well-formed files are read exactly, and nothing else is lost or merged.

*A physical record* is a line that is not blank, with the lines that a quoted field of it spans, as
long as none of those could be records themselves. Every physical record is a row, a bad row or
blank (all its fields are empty). The counts here are made of what was read, never by the reader.
"""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from geo.reader.formats import delimited
from tests.damage.reading import Outcome, read_here

HEADER = ("h1", "h2", "h3")
LETTER = "Z"
BREAK = re.compile(r"\r\n|\r|\n")
cells = st.text(st.sampled_from([LETTER, "ก", '"', ",", "\n", "\r", " ", "5"]), max_size=6)
texts = st.lists(
    st.sampled_from(
        [
            LETTER,
            '"',
            '""',
            ",",
            "\n",
            "\r\n",
            "\r",
            '",',
            ',"',
            '"\n',
            f"{LETTER},{LETTER},{LETTER}\n",
        ]
    ),
    max_size=40,
).map("".join)


def read(body: str, **options: Any) -> Outcome:
    content = ",".join(HEADER) + "\n" + body
    return read_here("csv", {"x.csv": content.encode()}, columns_hint=HEADER, **options)


def values(outcome: Outcome) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in HEADER) for row in outcome.rows]


def holds_records(cell: str, column: int) -> bool:
    """Whether lines of a cell could be records: by themselves, or the first and the last."""
    commas = [line.count(",") for line in BREAK.split(cell)]
    return len(commas) > 1 and (2 in commas or (commas[0], commas[-1]) == (2 - column, column))


@given(
    st.lists(st.tuples(cells, cells, cells), max_size=8),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)
def test_well_formed_files_are_read_exactly(
    drawn: list[tuple[str, str, str]], quoting: Any, end: str, last_end: bool
) -> None:
    stream = io.StringIO()
    csv.writer(stream, quoting=quoting, lineterminator=end).writerows(drawn)
    body = stream.getvalue() if last_end else stream.getvalue().removesuffix(end)
    rows = [tuple(row) for row in csv.reader(io.StringIO(body, newline=""), strict=True) if row]
    assume(all(len(row) == len(HEADER) for row in rows))
    outcome = read(body)
    assert outcome.refused is None, outcome.report
    believed = [
        row for row in rows if not any(holds_records(cell, at) for at, cell in enumerate(row))
    ]
    assert values(outcome) == [row for row in believed if any(cell.strip(" ") for cell in row)]
    assert {bad["code"] for bad in outcome.bad} <= {"records_in_quotes"}


@example('Z,"Z,Z\nZ,Z"')
@example('Z,"Z,Z\nZ,Z",Z\n')
@example('Z,Z,"Z\nZ,Z,Z\n')
@example('"Z\nZ"Z,Z,Z\n')
@example('Z,Z"\r\r\n,"""\n,Z')
@given(texts)
@settings(max_examples=200)
@pytest.mark.parametrize("block", [1 << 24, 64])
def test_every_physical_record_is_a_row_a_bad_row_or_blank(block: int, body: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "BLOCK_BYTES", block)
        outcome = read(body)
    if outcome.refused == "unreadable" and block < len(body):
        return  # a record longer than a block
    assert outcome.refused is None, outcome.report
    lines = sum(1 for line in BREAK.split(body) if line)
    continued = [c for row in values(outcome) for cell in row for c in BREAK.split(cell)[1:-1] if c]
    ends = sum(1 for row in values(outcome) for cell in row if BREAK.search(cell))
    accounted = outcome.accounted + len(continued) + ends
    assert lines == accounted if not outcome.report["blank_records"] else lines >= accounted
    seen = "".join(cell for row in values(outcome) for cell in row)
    raw = "".join(bad["raw"].rpartition("expected: ")[2] for bad in outcome.bad)
    assert (seen + raw).count(LETTER) == body.count(LETTER)
    assert not any(holds_records(c, at) for row in values(outcome) for at, c in enumerate(row))
    numbers = [row["_row"] for row in outcome.rows] + [bad["row"] for bad in outcome.bad]
    assert len(set(numbers)) == len(numbers)
    assert outcome.report["blank_records"] or sorted(numbers) == list(range(2, 2 + len(numbers)))
