"""Column names: whole again where a format cut them, and each of them once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from geo.reader.refused import Refused

MAX_COLUMNS = 1_600
"""The most columns that a table of PostgreSQL can have; parsers are slow long before that."""
RESERVED = frozenset({"_row", "_geom"})
"""Columns that the reader adds."""
Oddities = list[tuple[str, str]]


def few_enough(columns: int) -> None:
    """Raise `Refused` (too_many_columns) for more columns than any table has."""
    if columns > MAX_COLUMNS:
        raise Refused("too_many_columns", f"> {MAX_COLUMNS}")


def refuse_mostly_empty(columns: int, rows: int, size: int, cells: int) -> None:
    """Raise `Refused` (too_many_columns) for a table that is far larger than what was delivered.

    A cell that is written takes a byte or more of the `size` bytes, so a table of more cells is
    mostly nothing; up to `cells` of them that does no harm.
    """
    if columns * rows > max(size, cells):
        raise Refused("too_many_columns", f"{columns} x {rows} cells in {size} bytes")


def mend_cut(
    names: Sequence[str], byte_lengths: Sequence[int], width: int, declared: Sequence[str]
) -> tuple[list[str], Oddities]:
    """Replace names that reach the format's width by the one declared name that they begin.

    `byte_lengths` are those of the names in the file; a name shorter than `width` - 2 bytes (one
    Thai character less) was not cut. Names that are declared as they stand are left alone.
    """
    mended, oddities = list(names), []
    free = [name for name in declared if name not in names]
    for i, (name, length) in enumerate(zip(names, byte_lengths, strict=True)):
        candidates = [whole for whole in free if name and whole.startswith(name)]
        if name not in declared and length > width - 3 and len(candidates) == 1:
            mended[i] = candidates[0]
            oddities.append(("column_name_repaired", f"{name} -> {candidates[0]}"))
    return mended, oddities


def once_each(names: Sequence[str]) -> tuple[list[str], Oddities]:
    """Trim names, name the nameless `column_<n>`, and number the repeated: a, a_2, a_3."""
    trimmed = [" ".join(name.split()) for name in names]
    unique: dict[str, None] = {}
    oddities: Oddities = []
    own = {*trimmed, *RESERVED}
    seen: Counter[str] = Counter()
    for position, name in enumerate(trimmed, start=1):
        base = name or f"column_{position}"
        seen[base] += 1
        chosen = base
        while chosen in unique or chosen in RESERVED or (chosen != base and chosen in own):
            seen[base] += 1
            chosen = f"{base}_{seen[base]}"
        if chosen != name:
            oddities.append(("column_renamed", f"{name or position} -> {chosen}"))
        unique[chosen] = None
    return list(unique), oddities


def looks_like_data(cells: Sequence[str]) -> bool:
    """Whether a would-be header is a record: mostly numbers, as no header is (years apart)."""
    filled = [cell.strip().replace(",", "") for cell in cells if cell.strip()]
    numbers = [cell for cell in filled if cell.lstrip("-").replace(".", "", 1).isdigit()]
    years = [cell for cell in numbers if len(cell) == 4 and cell[:2] in ("19", "20", "24", "25")]
    return len(numbers) - len(years) > len(filled) / 2


def header_row(rows: Sequence[Sequence[str]], declared: Sequence[str]) -> int:
    """Index of the header among the first rows: the one that holds most of the declared names.

    Without declared names, or where no row holds any, it is the first row.
    """
    wanted = {" ".join(name.split()) for name in declared}
    found = [len(wanted & {" ".join(cell.split()) for cell in row}) for row in rows]
    return found.index(max(found)) if found else 0
