"""What the gate saw, and how rows were read, as people read it: one line for each thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cli.language import Language, Words
from cli.output import Answer, Column
from flows.telling.evidence import NAMES, in_order

YES_OR_NO = {True: Words("ใช่", "yes"), False: Words("ไม่ใช่", "no")}
SHARES = frozenset({"error_share", "fall"})
HIDDEN = frozenset({"crs_text", "pipeline", "columns", "sandbox"})
"""Too long for a line, or the same in every run; programs read them."""
COLUMNS = [Column("name", Words("เรื่อง", "what")), Column("value", Words("ค่า", "value"))]


def told_evidence(evidence: Mapping[str, Any], answer: Answer) -> None:
    """Prints what is kept, as a table of names and values."""
    rows = [{"name": name, "value": value} for name, value in _lines(evidence, answer.language)]
    answer.table(COLUMNS, rows)


def _lines(
    kept: Mapping[str, Any], language: Language, above: str = ""
) -> Iterator[tuple[str, str]]:
    for key in in_order(kept):
        value = kept[key]
        name = above + (getattr(NAMES[key], language) if key in NAMES else key.replace("_", " "))
        if key in HIDDEN or value in (None, [], {}):
            continue
        if isinstance(value, Mapping):
            yield from _lines(value, language, f"{name}: ")
        else:
            yield name, _value(key, value, language)


def _value(key: str, value: Any, language: Language) -> str:
    if key in SHARES:
        return f"{value:.1%}"
    if isinstance(value, bool):
        return YES_OR_NO[value].said(language)
    if isinstance(value, list):
        return ", ".join(_value(key, part, language) for part in value)
    if isinstance(value, Mapping):
        return " ".join(_value(key, part, language) for part in value.values())
    return f"{value:,}" if isinstance(value, int) else str(value)
