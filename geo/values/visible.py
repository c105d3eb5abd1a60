"""Text of others that reaches a terminal, a log or the database: what would act is made visible.

A control character moves the cursor, ends a line or begins an escape sequence, a bidirectional
override turns words around, a NUL or half a surrogate pair is no text for PostgreSQL. They are
written as Python writes them (`\\x1b`, `\\u202e`), so that nothing is lost and nothing is forged.
"""

from __future__ import annotations

import json
import re

_LAYOUT = "\t\n"
_ACTING = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """One line that shows everything and does nothing."""
    return _ACTING.sub(_written, text)


def visible_lines(text: str) -> str:
    """The same for text of several lines: line breaks and tabs stay, in the one way of Unix."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _ACTING.sub(lambda found: found[0] if found[0] in _LAYOUT else _written(found), lines)


def _written(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def visible_json(text: str) -> str:
    """JSON that means the same and does nothing: what would act is written as JSON escapes it.

    Line breaks between values stay; within one, JSON has escaped them already.
    """
    return _ACTING.sub(lambda found: found[0] if found[0] == "\n" else _escaped(found), text)


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]
