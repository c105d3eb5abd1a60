"""What JSON and PostgreSQL can hold: every value becomes it, and none is an error.

JSON has no NaN and no bytes; PostgreSQL has no NUL, and no lone surrogate. What is missing there is
written as text that tells it exactly. A text is changed only where it has to be: then NUL, lone
surrogates and backslashes are escaped as in Python, so that the original can be read off.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeGuard
from uuid import UUID

if TYPE_CHECKING:
    import numpy as np

LONGEST_TEXT = 1 << 20
"""Characters of one text in JSON; longer ones are cut, for the delivery's own bytes are kept."""
_DEEPEST = 50
_JSON_INTEGER = 1 << 63
_DECIMAL_BITS = 10_000
"""Python writes longer integers in hexadecimal alone."""
_SPEAK_FOR_THEMSELVES = (date, time, timedelta, Decimal, UUID, PurePath)


def storable(words: str) -> str:
    """A text that PostgreSQL takes."""
    try:
        words.encode()
    except UnicodeEncodeError:
        return _escaped(words)
    return _escaped(words) if "\0" in words else words


def json_text(value: object) -> str:
    """Any value as JSON that jsonb takes."""
    return json.dumps(_plain(value, 0), ensure_ascii=False, allow_nan=False)


def told(value: object) -> str:
    """Any value as a text that PostgreSQL takes, cut where it is longer than anybody reads."""
    words = storable(_described(value))
    if len(words) <= LONGEST_TEXT:
        return words
    return f"{words[:LONGEST_TEXT]} ... ({len(words)} characters)"


def _plain(value: object, depth: int) -> Any:
    """The same value in the types that `json` writes."""
    if value is None or isinstance(value, bool):
        return value
    if _is_numpy(value):
        return _plain(value.item(), depth)
    if isinstance(value, int) and abs(value) < _JSON_INTEGER:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {told(key): _plain(part, depth + 1) for key, part in value.items()}
    if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [_plain(part, depth + 1) for part in _in_order(value)]
    return told(value)


def _is_numpy(value: object) -> TypeGuard[np.generic[Any]]:
    """A value of NumPy's is there only where NumPy is; who has none need not wait for it."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.generic)


def _in_order(values: Iterable[object]) -> list[object]:
    """Sets have no order of their own; what is written down has one."""
    parts = list(values)
    return sorted(parts, key=told) if isinstance(values, set | frozenset) else parts


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
