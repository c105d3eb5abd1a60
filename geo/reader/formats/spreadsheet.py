"""XLSX by calamine: one sheet, every cell as its shortest text.

calamine makes a dense grid of the used area, so two cells in far corners would cost 400 GB: the
area is taken from the sheet's XML before, and so is the number of its rows (`sheet_rows`).
"""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import python_calamine as calamine

from geo.reader import archive, sniff
from geo.reader.delivery import Delivery, Piece
from geo.reader.formats import sheet_rows
from geo.reader.formats.sheet_rows import SheetRows
from geo.reader.job import Job
from geo.reader.names import Oddities, header_row, looks_like_data, once_each
from geo.reader.refused import Refused

HEADER_SEARCH_ROWS = 20
BLOCK_BYTES = 1 << 20
ENTITY_BYTES = 64
"""How much of a block is looked at again with the next one, for what stands across both."""
Row = list[Any]


def read(job: Job) -> Delivery:
    """The one sheet with content (or the one named by `container_layer`); `_row` is the sheet's."""
    if len(job.files) != 1:
        raise Refused("too_many_files", ", ".join(sorted(job.files)))
    ((file_name, path),) = job.files.items()
    sniff.require(path, file_name, "xlsx")
    counted = _check(path, job.limits)
    try:
        workbook = calamine.CalamineWorkbook.from_path(str(path))
        sheet = _choose(workbook, job.container_layer)
        rows = sheet.to_python(skip_empty_area=False)
        merged = sheet.merged_cell_ranges or []
    except (calamine.CalamineError, calamine.PasswordError) as error:
        raise Refused("xlsx_broken", str(error)) from error
    numbers = [i for i, row in enumerate(rows) if any(cell != "" for cell in row)]
    filled = [rows[i] for i in numbers]
    names, above, oddities = _header(filled, job.columns_hint)
    count = counted.get(sheet.name, SheetRows())
    if count.errors:
        detail = f"{count.errors} cells hold #N/A or the like, read as empty"
        oddities.append(("formula_errors", detail))
    if merged:
        oddities.append(("merged_cells", f"{len(merged)}; only the first cell of each has a value"))
    body = filled[above:]
    columns = list(zip(*body, strict=True)) if body else [() for _ in names]
    texts = {
        name: pa.array([_text(cell) for cell in column], pa.string())
        for name, column in zip(names, columns, strict=False)
    }
    return Delivery(
        driver="calamine",
        pieces=[Piece(pa.array([i + 1 for i in numbers[above:]], pa.int64()), texts)],
        records=count.filled + count.blank - above,
        blank=count.blank,
        container_layer=sheet.name,
        encoding_declared="utf-8",
        encoding_found="utf-8",
        oddities=oddities,
    )


def _check(path: Path, limits: Mapping[str, int]) -> Mapping[str, SheetRows]:
    """Members safe, XML without entities, real size and used areas within the limits.

    Returns the rows of each sheet by its name, as they stand in the XML.
    """
    with archive.opened(path) as zipped:
        members = archive.checked_members(zipped, limits["members"])
        archive.refuse_large(members, limits["unpacked_bytes"])
        if "[Content_Types].xml" not in members:
            raise Refused("format_mismatch", "zip without [Content_Types].xml, xlsx")
        _refuse_unsafe_content(zipped, members, limits["unpacked_bytes"])
        return _count(zipped, members, limits["cells"])


def _refuse_unsafe_content(
    zipped: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], most: int
) -> None:
    total = 0
    for name, info in members.items():
        with zipped.open(info) as member:
            before = b""
            while block := member.read(BLOCK_BYTES):
                total += len(block)
                if total > most:
                    raise Refused("zip_too_large", name)
                if name.endswith((".xml", ".rels")):
                    sniff.refuse_entities(before[-ENTITY_BYTES:] + block)
                before = block


def _count(
    zipped: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], most_cells: int
) -> Mapping[str, SheetRows]:
    def opened(name: str) -> IO[bytes]:
        return zipped.open(members[name])

    empty = sheet_rows.empty_strings(opened, members)
    sheets = {}
    for name, member in sheet_rows.sheet_members(opened, members).items():
        rows = sheet_rows.count_rows(opened(member), empty)
        if rows.cells > most_cells:
            raise Refused("xlsx_too_many_cells", f"{name}: {rows.rows} x {rows.columns}")
        sheets[name] = rows
    return sheets


def _choose(workbook: calamine.CalamineWorkbook, wanted: str | None) -> calamine.CalamineSheet:
    visible = [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.typ == calamine.SheetTypeEnum.WorkSheet
        and sheet.visible == calamine.SheetVisibleEnum.Visible
    ]
    if wanted is not None:
        if wanted not in workbook.sheet_names:
            raise Refused("layer_missing", f"{wanted}; {', '.join(workbook.sheet_names)}")
        return workbook.get_sheet_by_name(wanted)
    sheets = [workbook.get_sheet_by_name(name) for name in visible]
    filled = [sheet for sheet in sheets if sheet.height]
    if not filled:
        raise Refused("file_empty", "no sheet has content")
    if len(filled) > 1:
        raise Refused("layer_not_named", ", ".join(sheet.name for sheet in filled))
    return filled[0]


def _header(rows: Sequence[Row], declared: Sequence[str]) -> tuple[list[str], int, Oddities]:
    """Column names, the number of filled rows up to and with the header, and what was odd."""
    if not rows:
        raise Refused("file_empty", "the sheet has no content")
    first = [[_text(cell) or "" for cell in row] for row in rows[:HEADER_SEARCH_ROWS]]
    at = header_row(first, declared)
    oddities: Oddities = []
    if looks_like_data(first[at]) and not set(declared) & set(first[at]):
        oddities.append(("no_header", "the first row is data; columns are named by position"))
        names, _ = once_each(["" for _ in first[0]])
        return names, 0, oddities
    if at:
        oddities.append(("rows_above_header", f"{at} filled rows stand above the header"))
    names, renamed = once_each(first[at])
    return names, at + 1, oddities + renamed


def _text(cell: Any) -> str | None:
    """1001.0 -> 1001; dates ISO; an empty cell is null."""
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell)
