"""How many features a JSON text holds, by its brackets alone: no parser, and no recursion."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_KEY = re.compile(rb'"features"\s*:\s*\Z')
_KEY_BYTES = 1_000
"""How far before its list a key may stand."""
_MARKS = np.isin(np.arange(256), np.frombuffer(b'"{}[]', np.uint8))
_QUOTE, _OPEN_OBJECT, _OPEN_LIST = b'"{['


def count(data: bytes) -> int:
    """Objects that stand directly in a list called `features` of the outer object.

    `data` is JSON as UTF-8 or any encoding in which ASCII stands for itself.
    """
    plain = _ESCAPED.sub(b"__", data) if b"\\" in data else data
    places, kinds = _brackets(np.frombuffer(plain, np.uint8))
    opens = (kinds == _OPEN_OBJECT) | (kinds == _OPEN_LIST)
    depth = np.cumsum(np.where(opens, 1, -1))
    lists = np.flatnonzero((kinds == _OPEN_LIST) & (depth == 2))
    ends = np.append(np.flatnonzero(~opens & (depth == 1)), len(kinds))
    features = np.flatnonzero((kinds == _OPEN_OBJECT) & (depth == 3))
    named = [at for at in lists if _KEY.search(plain, max(0, places[at] - _KEY_BYTES), places[at])]
    first = np.searchsorted(features, named)
    last = np.searchsorted(features, ends[np.searchsorted(ends, named)])
    return int((last - first).sum())


def _brackets(text: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Places and kinds of the brackets that stand outside strings."""
    places = np.flatnonzero(_MARKS[text])
    kinds = text[places]
    quotes = kinds == _QUOTE
    outside = ~quotes & (np.cumsum(quotes) % 2 == 0)
    return places[outside], kinds[outside]
