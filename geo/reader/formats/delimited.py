"""CSV and its kin: delimiter found, every field text as written, every record accounted for."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.csv as arrow_csv

from geo.reader import encoding
from geo.reader.delivery import RAW_LENGTH, Delivery
from geo.reader.job import Job
from geo.reader.names import Oddities, header_row, looks_like_data, once_each
from geo.reader.only_file import only_file
from geo.reader.refused import Refused

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_BYTES, SAMPLE_RECORDS = 256 * 1024, 50
HEADER_SEARCH_ROWS = 20
BLOCK_BYTES = 1 << 30
END_MARK = "\x1eend"


def read(job: Job) -> Delivery:
    """All records. `_row` counts records from 1, the header among them."""
    data = only_file(job).read_bytes()
    found = encoding.decide(data, job.encoding)
    text = encoding.convert(data, found).text.removeprefix("\ufeff")
    del data
    delimiter, records = _sniff(text, job.columns_hint)
    names, above, oddities = _header(records, job.columns_hint)
    body = _after(text, delimiter, above)
    del text
    table, bad = _parse(body, names, delimiter, above)
    rows = _numbers(table.num_rows, [row for row, _, _ in bad], above)
    counted, blank = len(rows) + len(bad), 0
    if delimiter != ",":
        oddities.append(("delimiter", repr(delimiter)))
    if _may_have_blank_records(body, delimiter, len(names)):
        table, rows, blank = _without_blank_records(table, rows)
        if blank:
            oddities.append(("blank_records", f"{blank} records have no value at all"))
    return Delivery(
        driver="csv",
        rows=rows,
        columns={name: table.column(name).combine_chunks() for name in names},
        records=counted,
        blank=blank,
        encoding_found=found,
        oddities=oddities,
        bad_rows=bad,
    )


def _sniff(text: str, declared: Sequence[str]) -> tuple[str, list[list[str]]]:
    """The delimiter under which the first records agree best, and those records."""
    sample = text[:SAMPLE_BYTES]
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


def _after(text: str, delimiter: str, records: int) -> bytes:
    """The text after its first `records` records, as UTF-8."""
    if records == 0:
        return text.encode("utf-8")
    stream = io.StringIO(text[:SAMPLE_BYTES], newline="")
    reader = csv.reader(stream, delimiter=delimiter)
    seen = 0
    while seen < records:
        seen += bool(next(reader))
    return text[stream.tell() :].encode("utf-8")


def _parse(
    body: bytes, names: list[str], delimiter: str, above: int
) -> tuple[pa.Table, list[tuple[int, str, str]]]:
    """Records with the right number of fields as a table, the others as bad rows.

    A mark is added after the last record: if it does not come out as a record of its own, a
    quotation mark before it was never closed.
    """
    bad: list[tuple[int, str, str]] = []

    def note(row: arrow_csv.InvalidRow) -> str:
        detail = f"{row.actual_columns} fields, {row.expected_columns} expected: {row.text}"
        bad.append((row.number + above, "wrong_field_count", detail[:RAW_LENGTH]))
        return "skip"

    mark = delimiter.join([END_MARK] * (len(names) + 1))
    marked = body + f"\n{mark}\n".encode()
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(marked),
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=min(len(marked), BLOCK_BYTES), column_names=names
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise Refused("unreadable", str(error)) from error
    if not bad or not bad[-1][2].endswith(mark[-RAW_LENGTH:]) or mark not in bad[-1][2]:
        raise Refused("csv_unclosed_quote", str(table.num_rows + len(bad) + above))
    bad.pop()
    return table, bad


def _may_have_blank_records(body: bytes, delimiter: str, fields: int) -> bool:
    """Asked of the bytes at once; the first line apart, so that the search is by its `\\n`."""
    cell = rb"[ \"]*"
    blank = cell + (re.escape(delimiter.encode()) + cell) * (fields - 1) + rb"\r?(?:\n|\Z)"
    if fields == 1:
        return False
    return bool(re.match(blank, body) or re.search(rb"\n" + blank, body))


def _without_blank_records(table: pa.Table, rows: pa.Array) -> tuple[pa.Table, pa.Array, int]:
    """Spreadsheets leave lines of delimiters below their rows: those are no records."""
    import pyarrow.compute as pc  # dear to import, and seldom needed

    filled = pa.nulls(len(rows), pa.bool_()).fill_null(False)
    for column in table.columns:
        filled = pc.or_(filled, pc.not_equal(pc.utf8_trim_whitespace(column), ""))
    kept = rows.filter(filled)
    return table.filter(filled), kept, len(rows) - len(kept)


def _numbers(good: int, bad: list[int], above: int) -> pa.Array:
    """Numbers of the good records: all of them but the bad ones."""
    bounds = [above, *bad, above + 1 + good + len(bad)]
    runs = (range(before + 1, after) for before, after in itertools.pairwise(bounds))
    return pa.array(itertools.chain.from_iterable(runs), pa.int64())
