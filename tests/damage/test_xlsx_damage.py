"""XLSX: 300 damaged variants, of the whole file and of the sheet in it, lose no row unseen."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Iterator

import openpyxl
import pytest

from tests.damage.damage import BYTES, Worker, damaged

pytestmark = pytest.mark.slow

HEADER = ("id", "name", "lat", "note")
ROWS = 300
SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.close()


@pytest.fixture(scope="module")
def whole() -> bytes:
    """A workbook of numbers and texts, with cells that have no value."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADER)
    for i in range(ROWS):
        sheet.append((i, f"สวน {i}", 13 + i / 1000, "" if i % 3 else f"note {i}"))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_sheet(whole: bytes, xml: bytes) -> bytes:
    """The same workbook around another sheet: the archive itself is in order."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            new.writestr(name, xml if name == SHEET else old.read(name))
    return stream.getvalue()


def sheet_xml(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(SHEET)


def records(xml: bytes) -> int:
    """Rows with a value, the header apart."""
    rows = re.findall(rb"<row[ >].*?</row>", xml, re.DOTALL)
    return sum(bool(re.search(rb"<(v|t)>[^<]", row)) for row in rows) - 1


def rows_of(xml: bytes) -> list[bytes]:
    """The rows of a sheet between what stands before and after them."""
    return re.split(rb"(?=<row )|(?<=</row>)(?!<row )", xml)


def misplaced(chance: random.Random, xml: bytes) -> bytes:
    """Two rows stand in each other's place, with their own numbers: nothing is lost."""
    before, *rows, after = rows_of(xml)
    first, second = chance.sample(range(1, len(rows)), 2)
    rows[first], rows[second] = rows[second], rows[first]
    return b"".join([before, *rows, after])


def unnumbered(chance: random.Random, xml: bytes) -> bytes:
    """Rows and cells without addresses stand where they stand."""
    wanted = chance.choice([rb'(<row) r="\d+"', rb'(<c) r="[A-Z]+\d+"', rb'(<row|<c) r="\w+"'])
    return re.sub(wanted, rb"\1", xml)


def repeated(chance: random.Random, xml: bytes) -> bytes:
    """A row stands twice under one number."""
    before, *rows, after = rows_of(xml)
    at = chance.randrange(1, len(rows))
    return b"".join([before, *rows[:at], rows[at], *rows[at:], after])


def taken(chance: random.Random, xml: bytes) -> bytes:
    """A row has the number and the addresses of another, and would be written over it."""
    before, *rows, after = rows_of(xml)
    at, number = chance.sample(range(2, len(rows)), 2)
    rows[at - 1] = re.sub(rb'(r="[A-Z]*)\d+"', rb'\g<1>%d"' % number, rows[at - 1])
    return b"".join([before, *rows, after])


def test_damaged_workbooks_lose_no_row_unseen(whole: bytes, worker: Worker) -> None:
    assert len(worker.read("xlsx", {"x.xlsx": whole}).rows) == ROWS
    for name, content in damaged(whole, BYTES):
        outcome = worker.read("xlsx", {"x.xlsx": content}, columns_hint=HEADER)
        assert outcome.refused or outcome.accounted >= records(sheet_xml(content)), name


def test_damaged_sheets_lose_no_row_unseen(whole: bytes, worker: Worker) -> None:
    for name, xml in damaged(sheet_xml(whole), BYTES, count=100):
        outcome = worker.read("xlsx", {"x.xlsx": with_sheet(whole, xml)}, columns_hint=HEADER)
        assert outcome.refused or outcome.accounted >= records(xml), name


def test_rows_that_a_writer_misplaced_are_not_lost_unseen(whole: bytes, worker: Worker) -> None:
    accepted = 0
    for name, xml in damaged(sheet_xml(whole), (misplaced, unnumbered, repeated, taken), count=100):
        outcome = worker.read("xlsx", {"x.xlsx": with_sheet(whole, xml)}, columns_hint=HEADER)
        accepted += outcome.refused is None
        assert outcome.refused or outcome.accounted >= records(xml), name
    assert accepted > 40
