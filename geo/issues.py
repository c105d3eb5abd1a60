"""Issues: what is wrong with rows, as Arrow tables whose messages are made by whole columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geo.values.storable import storable
from schemas.models import IssueCode, Severity

ISSUE_SCHEMA = pa.schema(
    [
        ("code", pa.string()),
        ("severity", pa.string()),
        ("responsible", pa.string()),
        ("source_row", pa.int32()),
        ("column_name", pa.string()),
        ("value", pa.string()),
        ("message_th", pa.string()),
        ("message_en", pa.string()),
    ]
)
"""One row per issue; the columns of `meta.issue` without its run."""

_PLACEHOLDER = re.compile(r"\{(column|value|detail)\}")
_LONGEST_VALUE = 200

Text: TypeAlias = pa.Array | pa.ChunkedArray | str | None


@dataclass(frozen=True)
class IssueCatalogue:
    """The declared kinds of issues, and the one way to make issue rows from them."""

    codes: Mapping[str, IssueCode]

    def make(
        self,
        code: str,
        rows: NDArray[np.int64] | Sequence[int],
        *,
        column: str | None = None,
        value: Text = None,
        detail: Text = None,
        severity: Severity | None = None,
    ) -> pa.Table:
        """Issues of one kind. `rows` are source rows; texts are one for all, or one per row.

        Raises KeyError for a code that is not declared: that is a fault of ours.
        """
        declared = self.codes[code]
        count = len(rows)
        texts = {
            "column": _repeat(column, count),
            "value": _shorten(_repeat(value, count)),
            "detail": _repeat(detail, count),
        }
        return pa.table(
            [
                _repeat(code, count),
                _repeat((severity or declared.severity).value, count),
                _repeat(declared.responsible, count),
                pa.array(np.asarray(rows), pa.int32()),
                texts["column"],
                texts["value"],
                _render(declared.message.th, texts, count),
                _render(declared.message.en, texts, count),
            ],
            schema=ISSUE_SCHEMA,
        )


def gather(parts: Sequence[pa.Table]) -> pa.Table:
    """All parts as one table of issues."""
    return pa.concat_tables([ISSUE_SCHEMA.empty_table(), *parts])


def _repeat(text: Text, count: int) -> pa.Array:
    if text is None or isinstance(text, str):
        words = storable(text) if text else text
        return pa.repeat(pa.scalar(words, pa.string()), count)
    if isinstance(text, pa.ChunkedArray):
        text = text.combine_chunks()
    whole: pa.Array = text
    return whole.cast(pa.string())


def _shorten(values: pa.Array) -> pa.Array:
    """The log names a value, it does not store files."""
    return pc.utf8_slice_codeunits(values, 0, _LONGEST_VALUE)


def _render(template: str, texts: Mapping[str, pa.Array], count: int) -> pa.Array:
    pieces = _PLACEHOLDER.split(template)  # text, name, text, name, ... text
    columns = [
        pc.fill_null(texts[piece], "-") if index % 2 else _repeat(piece, count)
        for index, piece in enumerate(pieces)
    ]
    return pc.binary_join_element_wise(*columns, "")
