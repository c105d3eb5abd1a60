"""Columns that come into being as features name them: texts by name and row, few or many filled."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

import pyarrow as pa

from geo.reader.names import few_enough


@dataclass
class _Column:
    rows: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


class SparseColumns:
    """Put row by row, in order; a name that a row repeats with another text is kept, numbered."""

    def __init__(self) -> None:
        self._columns: dict[str, _Column] = {}

    def __len__(self) -> int:
        return len(self._columns)

    def put(self, name: str, row: int, text: str) -> None:
        """One value of a row; `Refused` (too_many_columns) if names never end."""
        for repeated in count(1):
            column = self._column(name if repeated == 1 else f"{name}_{repeated}")
            if not column.rows or column.rows[-1] != row:
                column.rows.append(row)
                column.texts.append(text)
            elif column.texts[-1] != text:
                continue
            return

    def arrays(self, rows: int) -> dict[str, pa.Array]:
        """Each column as `rows` strings, null where nothing was put, in the order of first use."""
        return {name: _filled(column, rows) for name, column in self._columns.items()}

    def _column(self, name: str) -> _Column:
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = _Column()
            few_enough(len(self._columns))
        return column


def _filled(column: _Column, rows: int) -> pa.Array:
    places: list[int | None] = [None] * rows
    for place, row in enumerate(column.rows):
        places[row] = place
    return pa.array(column.texts, pa.string()).take(pa.array(places, pa.int64()))
