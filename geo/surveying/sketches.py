"""Sketches of a delivery's columns, made while its batches pass.

What is kept of a column has a size of its own, however many rows there are, and merging is
associative: batches may be looked at in any place and in any grouping. Who reads it is a person
who asks what a run's delivery held (`onemap show`, from the run's lineage), and what is decided of
whole columns at the survey's end (`geo.survey`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from geo.states import GEOM
from geo.surveying.extent import Extent
from geo.surveying.numbers import Numbers

MOST_DISTINCT = 1_000
"""Different values that are counted; a column with more of them is no list of words."""
SHOWN, SHOWN_LENGTH = 5, 80
"""How many of the most frequent values are kept with the run, and how long each of them."""


@dataclass(frozen=True)
class ColumnSketch:
    """What was seen of one column.

    `values` counts each different value as text; None where there are more than MOST_DISTINCT.
    `lengths` are the fewest and the most characters of a text. `numbers` are those of a column of
    numbers.
    """

    rows: int = 0
    nulls: int = 0
    values: Mapping[str, int] | None = None
    lengths: tuple[int, int] | None = None
    numbers: Numbers | None = None

    @classmethod
    def of(cls, column: pa.Array, *, counting: bool = True) -> Self:
        """The sketch of a batch. Without `counting` its values are taken to be too many."""
        is_text, is_number = pa.types.is_string(column.type), _is_number(column.type)
        return cls(
            rows=len(column),
            nulls=column.null_count,
            values=_counted(column) if counting else None,
            lengths=_lengths(column) if is_text else None,
            numbers=Numbers.of(column) if is_number else None,
        )

    def merge(self, other: ColumnSketch) -> ColumnSketch:
        """The sketch of both columns, one after the other."""
        return ColumnSketch(
            rows=self.rows + other.rows,
            nulls=self.nulls + other.nulls,
            values=_together(self.values, other.values),
            lengths=_spanned(self.lengths, other.lengths),
            numbers=_both(self.numbers, other.numbers),
        )

    def told(self) -> dict[str, Any]:
        """As the run's lineage keeps it; nothing that a person would have to guess at."""
        said: dict[str, Any] = {"nulls": self.nulls}
        if self.values is None:
            said["distinct"] = f"> {MOST_DISTINCT}"
        else:
            said["distinct"] = len(self.values)
            frequent = sorted(self.values.items(), key=lambda entry: (-entry[1], entry[0]))
            said["most frequent"] = {text[:SHOWN_LENGTH]: n for text, n in frequent[:SHOWN]}
        if self.lengths:
            said["characters"] = list(self.lengths)
        if self.numbers:
            said["numbers"] = self.numbers.told()
        return said


NOTHING = ColumnSketch(values={})
"""The sketch of no rows: merged with another, it is that other."""


@dataclass(frozen=True)
class Sketch:
    """What was seen of a delivery: of its columns by their names, and where its shapes lie."""

    columns: Mapping[str, ColumnSketch] = field(default_factory=dict)
    extent: Extent = field(default_factory=Extent)

    @classmethod
    def of_columns(cls, names: Iterable[str]) -> Self:
        """A delivery with these columns of which nothing was seen."""
        return cls(dict.fromkeys(names, NOTHING))

    def add(self, batch: pa.RecordBatch) -> Sketch:
        """With one batch more. Where a column's values are too many already, none is counted."""
        columns = {
            name: sketch.merge(
                ColumnSketch.of(batch.column(name), counting=sketch.values is not None)
            )
            for name, sketch in self.columns.items()
        }
        return Sketch(columns, self.extent.merge(Extent.of(batch.column(GEOM))))

    def told(self) -> dict[str, Any]:
        """As the run's lineage keeps it, but for what is nobody's to see (`geo.survey`)."""
        columns = {name: sketch.told() for name, sketch in self.columns.items()}
        return {"columns": columns, "shapes": self.extent.told()}


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _counted(column: pa.Array) -> Mapping[str, int] | None:
    found = column.drop_null().value_counts()
    if len(found) > MOST_DISTINCT:
        return None
    texts = found.field("values").cast(pa.string()).to_pylist()
    counted = Counter[str]()
    for text, count in zip(texts, found.field("counts").to_pylist(), strict=True):
        counted[text] += count
    return counted if len(counted) <= MOST_DISTINCT else None


def _together(
    some: Mapping[str, int] | None, others: Mapping[str, int] | None
) -> Mapping[str, int] | None:
    if some is None or others is None:
        return None
    both = Counter(some)
    both.update(others)
    return both if len(both) <= MOST_DISTINCT else None


def _lengths(column: pa.Array) -> tuple[int, int] | None:
    span = pc.min_max(pc.utf8_length(column)).as_py()
    return None if span["min"] is None else (span["min"], span["max"])


def _spanned(
    some: tuple[int, int] | None, others: tuple[int, int] | None
) -> tuple[int, int] | None:
    if some is None or others is None:
        return some or others
    return min(some[0], others[0]), max(some[1], others[1])


def _both(some: Numbers | None, others: Numbers | None) -> Numbers | None:
    if some is None or others is None:
        return some or others
    return some.merge(others)
