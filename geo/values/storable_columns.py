"""Whole columns as what JSON and PostgreSQL can hold: `geo.values.storable` by columns."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from geo.values.distinct import as_array, spanned_bytes
from geo.values.storable import LONGEST_TEXT, json_text, storable, told

LONGEST_ROW = 1 << 26
"""Bytes of one row in JSON; jsonb ends at four times as many."""
_CONTROLS = r"[\x00-\x1f]"
"""What a JSON text holds in many ways of writing (RE2)."""


def storable_column(words: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of texts that PostgreSQL takes; Arrow's texts have no surrogates."""
    if all(spanned_bytes(chunk).all() for chunk in words.chunks):
        return words
    whole = as_array(words)
    awkward = pc.match_substring(whole, "\0")
    written = [storable(value) for value in whole.filter(awkward).to_pylist()]
    return pa.chunked_array([pc.replace_with_mask(whole, awkward, pa.array(written, whole.type))])


def json_rows(columns: Mapping[str, pa.Array], rows: int) -> pa.Array:
    """One JSON object per row (large_string), made by whole columns of `rows` values each."""
    parts: list[pa.Array] = []
    for name, column in columns.items():
        comma = ", " if parts else ""
        parts += [_repeat(f"{comma}{json_text(name)}: ", rows), _as_json(column)]
    return _without_giants(_joined(_repeat("{", rows), *parts, _repeat("}", rows)))


def with_member(objects: pa.Array, name: str, values: pa.Array) -> pa.Array:
    """JSON objects with one more text at their end, in those rows that have it."""
    rows = len(objects)
    comma = pc.if_else(pc.equal(objects, "{}"), _repeat("", rows), _repeat(", ", rows))
    open_ended = pc.utf8_slice_codeunits(objects, 0, -1)
    key = _repeat(f"{json_text(name)}: ", rows)
    longer = _joined(open_ended, comma, key, _as_json(values), _repeat("}", rows))
    return _without_giants(pc.if_else(pc.is_valid(values), longer, objects))


def _repeat(words: str, rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(words, pa.large_string()), rows)


def _joined(*parts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(*parts, pa.scalar("", pa.large_string()))


def _without_giants(objects: pa.Array) -> pa.Array:
    giant = pc.greater(pc.binary_length(objects), LONGEST_ROW)
    cut = [json_text({"_text": text}) for text in objects.filter(giant).to_pylist()]
    return pc.replace_with_mask(objects, giant, pa.array(cut, pa.large_string()))


def _as_json(column: pa.Array) -> pa.Array:
    """Each value as JSON; null is `null`."""
    if pa.types.is_floating(column.type):
        written = _numbers(column)
    elif pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
        written = column.cast(pa.large_string())
    else:
        written = _quoted(_as_text(column))
    return pc.fill_null(written, "null")


def _numbers(column: pa.Array) -> pa.Array:
    unusual = pc.invert(pc.is_finite(column))
    named = [json_text(value) for value in column.filter(unusual).to_pylist()]
    written = column.cast(pa.large_string())
    return pc.replace_with_mask(written, unusual, pa.array(named, pa.large_string()))


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column.cast(pa.large_string())
    written = [None if value is None else told(value) for value in column.to_pylist()]
    return pa.array(written, pa.large_string())


def _quoted(texts: pa.Array) -> pa.Array:
    """JSON texts. Quotation marks and backslashes are escaped by columns, what is rarer alone."""
    rows = len(texts)
    awkward = pc.or_(
        pc.match_substring_regex(texts, _CONTROLS),
        pc.greater(pc.binary_length(texts), LONGEST_TEXT),
    )
    written = [json_text(value) for value in texts.filter(awkward).to_pylist()]
    mark = _repeat('"', rows)
    quoted = _joined(mark, _escaped(texts), mark)
    return pc.replace_with_mask(quoted, awkward, pa.array(written, pa.large_string()))


def _escaped(texts: pa.Array) -> pa.Array:
    for character in ("\\", '"'):
        if (spanned_bytes(texts) == ord(character)).any():
            texts = pc.replace_substring(texts, character, f"\\{character}")
    return texts
