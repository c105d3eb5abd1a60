"""XLSX by calamine: one sheet, every cell as its shortest text.

calamine makes a dense grid of the used area, so two cells in far corners would cost 400 GB: the
area is taken from the sheet's XML before.
"""

from __future__ import annotations

import datetime
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import python_calamine as calamine

from geo.reader import archive, sniff
from geo.reader.delivery import Delivery
from geo.reader.job import Job
from geo.reader.names import Oddities, header_row, looks_like_data, once_each
from geo.reader.refused import Refused

HEADER_SEARCH_ROWS = 20
BLOCK_CHARACTERS = 1 << 20
_CELL = re.compile(
    rb"<(?:\w+:)?c\s(?:[^>]*?\s)?r\s*=\s*[\"']([A-Za-z]{1,3})(\d{1,7})[\"'][^>]*(?<!/)>"
)
Row = list[Any]


def read(job: Job) -> Delivery:
    """The one sheet with content (or the one named by `container_layer`); `_row` is the sheet's."""
    if len(job.files) != 1:
        raise Refused("too_many_files", ", ".join(sorted(job.files)))
    ((file_name, path),) = job.files.items()
    sniff.require(path, file_name, "xlsx")
    errors = _check(path, job.limits)
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
    if errors:
        oddities.append(("formula_errors", f"{errors} cells hold #N/A or the like, read as empty"))
    if merged:
        oddities.append(("merged_cells", f"{len(merged)}; only the first cell of each has a value"))
    body = filled[above:]
    columns = list(zip(*body, strict=True)) if body else [() for _ in names]
    return Delivery(
        driver="calamine",
        rows=pa.array([i + 1 for i in numbers[above:]], pa.int64()),
        columns={
            name: pa.array([_text(cell) for cell in column], pa.string())
            for name, column in zip(names, columns, strict=False)
        },
        records=len(body),
        container_layer=sheet.name,
        encoding_declared="utf-8",
        encoding_found="utf-8",
        oddities=oddities,
    )


def _check(path: Path, limits: dict[str, int]) -> int:
    """Members safe, XML without entities, real size and used area within the limits.

    Returns the number of cells that hold an error such as #N/A.
    """
    total = errors = 0
    try:
        with zipfile.ZipFile(path) as zipped:
            members = archive.checked_members(zipped, limits["members"])
            if "[Content_Types].xml" not in members:
                raise Refused("format_mismatch", "zip without [Content_Types].xml, xlsx")
            for name, info in members.items():
                with zipped.open(info) as member:
                    area = _Area()
                    while block := member.read(BLOCK_CHARACTERS):
                        total += len(block)
                        if total > limits["unpacked_bytes"]:
                            raise Refused("zip_too_large", name)
                        if name.endswith((".xml", ".rels")):
                            sniff.refuse_entities(block)
                        if name.startswith("xl/worksheets/"):
                            area.see(block)
                if area.cells > limits["cells"]:
                    raise Refused("xlsx_too_many_cells", f"{name}: {area.rows} x {area.columns}")
                errors += area.errors
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise Refused("zip_broken", str(error)) from error
    return errors


class _Area:
    """The used area of a sheet, from the references of its filled cells."""

    def __init__(self) -> None:
        self.rows = self.columns = self.errors = 0
        self._rest = b""

    @property
    def cells(self) -> int:
        return self.rows * self.columns

    def see(self, block: bytes) -> None:
        block = self._rest + block
        end = block.rfind(b">") + 1
        self._rest = block[end:]
        self.errors += block.count(b' t="e"', 0, end)
        found = _CELL.findall(block, 0, end)
        if found:
            letters, numbers = zip(*found, strict=True)
            self.columns = max(self.columns, *map(_column_number, set(letters)))
            self.rows = max(self.rows, *map(int, set(numbers)))


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


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
