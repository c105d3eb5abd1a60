"""CSV: 300 damaged variants lose no record without a refusal or a bad row."""

from __future__ import annotations

import csv
import io
import re

import pytest

from tests.damage.damage import TEXT, damaged
from tests.damage.reading import read_here

pytestmark = pytest.mark.slow

HEADER = ("id", "name", "lat", "lon", "address", "note")
ROWS = 1_000


def plain() -> bytes:
    """No field is quoted, and none could be."""
    rows = (f"{i},สวน {i},13.{i:04},100.{i:04},ถนน {i},{i * 7}" for i in range(ROWS))
    return "\n".join([",".join(HEADER), *rows, ""]).encode()


def quoted() -> bytes:
    """Fields with delimiters, marks and line breaks in them, as a spreadsheet writes them."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(HEADER)
    for i in range(ROWS):
        note = "two\nlines" if i % 10 == 0 else f'a "{i}" mark'
        writer.writerow((i, f"สวน {i}", f"13.{i:04}", f"100.{i:04}", f"ถนน {i}, แขวง", note))
    return stream.getvalue().encode()


def records(content: bytes) -> int:
    """Lines that are records by themselves, the first line apart, whatever stands around them."""
    text = content.decode("utf-8", "replace")
    lines = re.split(r"\r\n|\r|\n", text)[1:]
    return sum(len(fields) == len(HEADER) for line in lines for fields in csv.reader([line]))


@pytest.mark.parametrize("whole", [plain(), quoted()], ids=["plain", "quoted"])
def test_damaged_csv_loses_no_record_unseen(whole: bytes) -> None:
    assert len(read_here("csv", {"x.csv": whole}, columns_hint=HEADER).rows) == ROWS
    accepted = 0
    for name, content in damaged(whole, TEXT):
        outcome = read_here("csv", {"x.csv": content}, columns_hint=HEADER)
        if outcome.refused is None:
            accepted += 1
            assert outcome.accounted >= records(content), name
        else:
            assert outcome.refused not in {"rows_lost", "unreadable"}, (name, outcome.report)
    assert accepted > 150
