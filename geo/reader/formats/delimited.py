"""CSV and its kin: delimiter found, every field text as written, every record accounted for."""

from __future__ import annotations

import csv
import io
import itertools
import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.csv as arrow_csv

from geo.reader import encoding
from geo.reader.delivery import RAW_LENGTH, Delivery, Piece, plain
from geo.reader.formats.csv_lines import LINE_BREAK, Fault, Scanner
from geo.reader.job import Job
from geo.reader.names import Oddities, header_row, looks_like_data, once_each
from geo.reader.only_file import only_file
from geo.reader.refused import Refused

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_BYTES, SAMPLE_RECORDS = 256 * 1024, 50
HEADER_SEARCH_ROWS = 20
BLOCK_BYTES = 1 << 24
"""What Arrow parses at once; no record may be longer."""
COPIES = 4
"""How often text is held at the most: itself, its columns (with their offsets), and columns as they
are joined. Measured: 2.7 to 3.7 times, and what lies between the pieces counts as well."""
_SWALLOWING = frozenset({"quote_unclosed", "records_in_quotes"})
_NO_LINES = re.compile(rb"[\r\n]*+")

BadRow = tuple[int, str, str]


def read(job: Job) -> Delivery:
    """All records. `_row` counts records from 1, the header among them.

    A record is a line that is not blank, with the lines that a quoted field of it spans; each line
    of a fault (`csv_lines`) is a bad record of its own.
    """
    text, found = _text(job)
    sample = text[:SAMPLE_BYTES].decode("utf-8", "ignore")
    delimiter, records = _sniff(sample, job.columns_hint)
    names, above, oddities = _header(records, job.columns_hint)
    scanner = Scanner(delimiter, len(names))
    start = _end_of_header(sample, delimiter, above, scanner)
    structure = scanner.scan(text, start, job.limits["bad_rows"])
    faults = structure.faults
    bad = list(_lines_of(text, faults, above))
    body = _without(text, start, faults)
    del text
    table, wrong = _parse(body, names, delimiter, job.limits["bad_rows"])
    bad += _renumbered(wrong, faults, above)
    rows = _numbers(table.num_rows, sorted(number for number, _, _ in bad), above)
    if delimiter != ",":
        oddities.append(("delimiter", repr(delimiter)))
    blank = 0
    if _may_have_blank_records(body, delimiter, len(names)):
        table, rows, blank = _without_blank_records(table, rows)
        if blank:
            oddities.append(("blank_records", f"{blank} records have no value at all"))
    del body
    return Delivery(
        driver="csv",
        pieces=[Piece(rows, {name: plain(table.column(name)) for name in names})],
        records=structure.records,
        blank=blank,
        encoding_found=found,
        oddities=oddities,
        bad_rows=bad,
    )


def _text(job: Job) -> tuple[bytes, str]:
    """The one file in UTF-8, and the encoding that it was in.

    What would fill the memory is refused (too_large, zip_too_large) before it is read or unpacked.
    """
    most = min(job.limits["unpacked_bytes"], job.limits["memory_bytes"] // COPIES)
    path = only_file(replace(job, limits=job.limits | {"unpacked_bytes": most}))
    _refuse_large(path.stat().st_size, most)
    data = path.read_bytes()
    found = encoding.decide(data, job.encoding)
    text = encoding.as_utf8(data, found)
    _refuse_large(len(text), most)
    return text, found


def _refuse_large(size: int, most: int) -> None:
    if size > most:
        raise Refused("too_large", f"{size} bytes of text; {most} can be read")


def _sniff(sample: str, declared: Sequence[str]) -> tuple[str, list[list[str]]]:
    """The delimiter under which the first records agree best, and those records."""
    csv.field_size_limit(SAMPLE_BYTES + 1)
    read_as = {}
    for delimiter in DELIMITERS:
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        try:
            records = [row for row in itertools.islice(reader, SAMPLE_RECORDS) if row]
        except csv.Error:
            continue
        read_as[delimiter] = records
    if not any(read_as.values()):
        raise Refused("file_empty", "no records")
    best = max(read_as, key=lambda delimiter: _agreement(read_as[delimiter], declared))
    return best, read_as[best]


def _agreement(records: list[list[str]], declared: Sequence[str]) -> tuple[int, float, int]:
    """Declared names found; then the share of records with the commonest number of fields."""
    if not records:
        return (0, 0.0, 0)
    cells = {" ".join(cell.split()) for row in records[:HEADER_SEARCH_ROWS] for cell in row}
    fields, times = Counter(map(len, records)).most_common(1)[0]
    known = len(cells & {" ".join(name.split()) for name in declared})
    return (known, times / len(records) if fields > 1 else 0.0, fields)


def _header(records: list[list[str]], declared: Sequence[str]) -> tuple[list[str], int, Oddities]:
    """Column names, the number of records up to and with the header, and what was odd."""
    at = header_row(records[:HEADER_SEARCH_ROWS], declared)
    if at == 0 and len(records) > 1 and records[0][0].lower().startswith("sep="):
        at = 1  # a note for Excel: which delimiter the file has
    oddities: Oddities = []
    if looks_like_data(records[at]) and not set(declared) & set(records[at]):
        oddities.append(("no_header", "the first record is data; columns are named by position"))
        names, _ = once_each(["" for _ in records[0]])
        return names, 0, oddities
    if at:
        oddities.append(("rows_above_header", f"{at} records stand above the header"))
    names, renamed = once_each(records[at])
    return names, at + 1, oddities + renamed


def _end_of_header(sample: str, delimiter: str, records: int, scanner: Scanner) -> int:
    """Offset in bytes past the first `records` records.

    Raises `Refused` (csv_unclosed_quote) if a quoted field among them has swallowed records.
    """
    stream = io.StringIO(sample, newline="")
    reader = filter(None, csv.reader(stream, delimiter=delimiter))
    read = list(itertools.islice(reader, records))
    head = sample[: stream.tell()].encode() if records else b""
    faults = scanner.scan(head, 0, len(head)).faults
    swallowed = any(_repeats(cell, delimiter) for record in read for cell in record)
    if swallowed or not _SWALLOWING.isdisjoint(fault.code for fault in faults):
        raise Refused("csv_unclosed_quote", "1")
    return len(head)


def _repeats(cell: str, delimiter: str) -> bool:
    """Whether lines inside a cell have the same number of fields, and more than one: a table."""
    counts = [line.count(delimiter) for line in cell.splitlines()[1:-1] if delimiter in line]
    return len(set(counts)) < len(counts)


def _lines_of(text: bytes, faults: Sequence[Fault], above: int) -> Iterator[BadRow]:
    """Each line of each fault, under its number."""
    number = above
    for fault, taken in zip(faults, _taken(faults), strict=False):
        number = above + fault.before + taken
        for line in filter(None, LINE_BREAK.split(text[fault.start : fault.end])):
            number += 1
            yield number, fault.code, line.decode("utf-8")[:RAW_LENGTH]


def _taken(faults: Sequence[Fault]) -> list[int]:
    """Lines taken out before each fault, and in all."""
    return [0, *itertools.accumulate(fault.lines for fault in faults)]


def _renumbered(wrong: list[BadRow], faults: Sequence[Fault], above: int) -> Iterator[BadRow]:
    """Bad rows of what was left, under their numbers in the whole."""
    before, taken = [fault.before for fault in faults], _taken(faults)
    for number, code, raw in wrong:
        yield above + number + taken[bisect_left(before, number)], code, raw


def _without(text: bytes, start: int, faults: Sequence[Fault]) -> memoryview:
    """What is to be parsed: the text from `start`, without the faults."""
    view = memoryview(text)
    if not faults:
        return view[start:]
    starts = [start, *(fault.end for fault in faults)]
    ends = [*(fault.start for fault in faults), len(text)]
    pieces = itertools.starmap(slice, zip(starts, ends, strict=True))
    return memoryview(b"".join(view[piece] for piece in pieces))


def _parse(
    body: memoryview, names: list[str], delimiter: str, most_bad: int
) -> tuple[pa.Table, list[BadRow]]:
    """Records with the right number of fields as a table, the others as bad rows, from 1."""
    bad: list[BadRow] = []

    def note(row: arrow_csv.InvalidRow) -> str:
        detail = f"{row.actual_columns} fields, {row.expected_columns} expected: {row.text}"
        bad.append((row.number, "wrong_field_count", detail[:RAW_LENGTH]))
        return "skip" if len(bad) <= most_bad else "error"

    if _NO_LINES.fullmatch(body):
        return pa.table({name: pa.array([], pa.string()) for name in names}), bad
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(body),
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=BLOCK_BYTES, column_names=names
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        if len(bad) > most_bad:
            raise Refused("too_many_bad_rows", f"{len(bad)} ({bad[0][0]}: {bad[0][1]})") from error
        raise Refused("unreadable", str(error)) from error
    return table, bad


def _may_have_blank_records(body: memoryview, delimiter: str, fields: int) -> bool:
    """Asked of the bytes at once; by what stands before, so that it is sought first."""
    cell = rb"[ \"]*+"
    blank = cell + (re.escape(delimiter.encode()) + cell) * (fields - 1) + rb"(?:[\r\n]|\Z)"
    if fields == 1:
        return False
    return any(re.search(before + blank, body) for before in (rb"\A", rb"\n", rb"\r"))


def _without_blank_records(table: pa.Table, rows: pa.Array) -> tuple[pa.Table, pa.Array, int]:
    """Spreadsheets leave lines of delimiters below their rows: those are no records."""
    import pyarrow.compute as pc  # dear to import, and seldom needed

    filled = pa.nulls(len(rows), pa.bool_()).fill_null(False)
    for column in table.columns:
        filled = pc.or_(filled, pc.not_equal(pc.utf8_trim(column, " "), ""))
    kept = rows.filter(filled)
    return table.filter(filled), kept, len(rows) - len(kept)


def _numbers(good: int, bad: list[int], above: int) -> pa.Array:
    """Numbers of the good records: all of them but the bad ones."""
    bounds = [above, *bad, above + 1 + good + len(bad)]
    runs = (range(before + 1, after) for before, after in itertools.pairwise(bounds))
    numbers = array("q", itertools.chain.from_iterable(runs))
    return pa.Array.from_buffers(pa.int64(), good, [None, pa.py_buffer(numbers)])
