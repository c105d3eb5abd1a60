"""What JSON and PostgreSQL can hold: every value becomes it, and none is an error.

JSON has no NaN and no bytes; PostgreSQL has no NUL, and no lone surrogate. What is missing there is
written as text that tells it exactly. A text is changed only where it has to be: then NUL, lone
surrogates and backslashes are escaped as in Python, so that the original can be read off.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.values.distinct import as_array, spanned_bytes

LONGEST_TEXT = 1 << 20
"""Characters of one text in JSON; longer ones are cut, for the delivery's own bytes are kept."""
LONGEST_ROW = 1 << 26
"""Bytes of one row in JSON; jsonb ends at four times as many."""
_DEEPEST = 50
_JSON_INTEGER = 1 << 63
_DECIMAL_BITS = 10_000
"""Python writes longer integers in hexadecimal alone."""
_UNWRITABLE = r'["\\\x00-\x1f]'
"""What a JSON text cannot hold as it is (RE2)."""
_SPEAK_FOR_THEMSELVES = (date, time, timedelta, Decimal, UUID, PurePath)


def storable(words: str) -> str:
    """A text that PostgreSQL takes."""
    try:
        words.encode()
    except UnicodeEncodeError:
        return _escaped(words)
    return _escaped(words) if "\0" in words else words


def storable_column(words: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of texts that PostgreSQL takes; Arrow's texts have no surrogates."""
    if all(spanned_bytes(chunk).all() for chunk in words.chunks):
        return words
    whole = as_array(words)
    awkward = pc.match_substring(whole, "\0")
    written = [storable(value) for value in whole.filter(awkward).to_pylist()]
    return pa.chunked_array([pc.replace_with_mask(whole, awkward, pa.array(written, whole.type))])


def json_text(value: object) -> str:
    """Any value as JSON that jsonb takes."""
    return json.dumps(_plain(value, 0), ensure_ascii=False, allow_nan=False)


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
    written = [None if value is None else _text(value) for value in column.to_pylist()]
    return pa.array(written, pa.large_string())


def _quoted(texts: pa.Array) -> pa.Array:
    """JSON texts. Most need two quotation marks and no more; the others are made one by one."""
    rows = len(texts)
    awkward = pc.or_(
        pc.match_substring_regex(texts, _UNWRITABLE),
        pc.greater(pc.binary_length(texts), LONGEST_TEXT),
    )
    written = [json_text(value) for value in texts.filter(awkward).to_pylist()]
    mark = _repeat('"', rows)
    quoted = _joined(mark, texts, mark)
    return pc.replace_with_mask(quoted, awkward, pa.array(written, pa.large_string()))


def _plain(value: object, depth: int) -> Any:
    """The same value in the types that `json` writes."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, np.generic):
        return _plain(value.item(), depth)
    if isinstance(value, int) and abs(value) < _JSON_INTEGER:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {_text(key): _plain(part, depth + 1) for key, part in value.items()}
    if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [_plain(part, depth + 1) for part in _in_order(value)]
    return _text(value)


def _in_order(values: Iterable[object]) -> list[object]:
    """Sets have no order of their own; what is written down has one."""
    parts = list(values)
    return sorted(parts, key=_text) if isinstance(values, set | frozenset) else parts


def _text(value: object) -> str:
    words = storable(_described(value))
    if len(words) <= LONGEST_TEXT:
        return words
    return f"{words[:LONGEST_TEXT]} ... ({len(words)} characters)"


def _described(value: object) -> str:
    """A value as text. Of a type that nobody expected only the name is told: no code of it runs."""
    match value:
        case str():
            return str.__str__(value)
        case bytes() | bytearray():
            return f"0x{value.hex()}"
        case float():
            return "NaN" if math.isnan(value) else repr(float(value)).replace("inf", "Infinity")
        case int():
            return str(int(value)) if value.bit_length() <= _DECIMAL_BITS else hex(value)
        case None:
            return "null"
    if isinstance(value, _SPEAK_FOR_THEMSELVES):
        return str(value)
    return f"<{type(value).__name__}>"


def _escaped(words: str) -> str:
    doubled = words.replace("\\", "\\\\").replace("\0", "\\x00")
    return doubled.encode("utf-8", "backslashreplace").decode("utf-8")
