"""Lint of what stands by itself: a layer, an area, the issue codes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from string import Formatter

from schemas.documents import Problem
from schemas.models import (
    Area,
    Column,
    ColumnType,
    IssueCode,
    Layer,
    PatternRule,
    Privacy,
    RangeRule,
    Rule,
    SumRule,
)
from schemas.patterns import pattern_problem

NUMERIC = frozenset({ColumnType.integer, ColumnType.number})
ORDERED = NUMERIC | {ColumnType.year, ColumnType.date}
PLACEHOLDERS = frozenset({"column", "value", "detail"})

_UTM_WEST = {47: 96.0, 48: 102.0}
"""Western edge of the zones in degrees; each is 6 degrees wide."""


def layer_problems(layer: Layer) -> Iterator[Problem]:
    """What is wrong with a layer by itself."""
    for name, column in layer.columns.items():
        if column.in_tiles and column.privacy is not Privacy.public:
            yield (
                ("columns", name, "in_tiles"),
                f"`{name}` is {column.privacy}, and tiles are public; take `in_tiles` away",
            )
        if len(set(column.values)) < len(column.values):
            yield ("columns", name, "values"), f"`{name}` has the same word twice in `values`"
    for i, rule in enumerate(layer.rules):
        for message in _rule_problems(rule, layer.columns):
            yield ("rules", i), message


def _rule_problems(rule: Rule, columns: dict[str, Column]) -> Iterator[str]:
    kind = columns[rule.column].type
    if isinstance(rule, RangeRule):
        if kind not in ORDERED:
            yield f"a range does not fit `{rule.column}`, which is {kind}"
        if rule.min is None and rule.max is None:
            yield "a range needs `min`, `max` or both"
        elif rule.min is not None and rule.max is not None and rule.min > rule.max:
            yield "`min` is above `max`"
    elif isinstance(rule, PatternRule):
        if kind not in (ColumnType.text, ColumnType.code):
            yield f"a pattern does not fit `{rule.column}`, which is {kind}"
        if problem := pattern_problem(rule.pattern):
            yield f"`pattern` is no regular expression of RE2, which runs it: {problem}"
    elif isinstance(rule, SumRule):
        for name in (rule.column, *rule.parts):
            if columns[name].type not in NUMERIC:
                yield f"a sum does not fit `{name}`, which is {columns[name].type}"


def area_problems(area: Area) -> Iterator[Problem]:
    """What is wrong with an area by itself."""
    west, south, east, north = area.extent
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        yield ("extent",), "`extent` is west, south, east, north in degrees"
    edge = _UTM_WEST[area.utm_zone]
    if not edge <= (west + east) / 2 < edge + 6:
        yield ("utm_zone",), f"the extent's centre does not lie in UTM zone {area.utm_zone}"


def issue_problems(codes: Iterable[IssueCode]) -> Iterator[Problem]:
    """What is wrong with the texts of the issue codes, in the order of their file."""
    for i, issue in enumerate(codes):
        for key, text in (("message", issue.message), ("advice", issue.advice)):
            if unknown := (_fields(text.th) | _fields(text.en)) - PLACEHOLDERS:
                yield (i, key), f"unknown placeholder {sorted(unknown)}"
            if _fields(text.th) != _fields(text.en):
                yield (i, key), "Thai and English do not have the same placeholders"


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
