"""The declared rules of a layer, applied to whole columns."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.issues import IssueCatalogue
from schemas.models import (
    ColumnType,
    Layer,
    PatternRule,
    PresentRule,
    Privacy,
    RangeRule,
    Rule,
    Severity,
    Source,
    SumRule,
)
from schemas.patterns import whole_value


@dataclass(frozen=True)
class _Broken:
    """Where a rule on a column is broken (null: it cannot be judged), and what to say of it."""

    column: str
    where: pa.ChunkedArray
    code: str
    detail: str | None = None
    severity: Severity | None = None


def broken_rules(
    rows: pa.Table, source: Source, layer: Layer, catalogue: IssueCatalogue
) -> Iterator[pa.Table]:
    """Issues of every required column and every rule that the layer declares."""
    for broken in _broken(rows, layer):
        mask = pc.fill_null(broken.where, False)
        values = rows[broken.column].filter(mask).cast(pa.string())
        personal = layer.columns[broken.column].privacy is Privacy.personal
        yield catalogue.make(
            broken.code,
            np.asarray(rows["source_row"].filter(mask)),
            column=_agency_column(source, broken.column),
            value=None if personal else values,
            detail=broken.detail,
            severity=broken.severity,
        )


def _broken(rows: pa.Table, layer: Layer) -> Iterator[_Broken]:
    for name, column in layer.columns.items():
        if column.required:
            yield _Broken(name, pc.is_null(rows[name]), "value_missing")
    for rule in layer.rules:
        where, code, detail = _judge(rule, rows, layer)
        yield _Broken(rule.column, where, code, detail, rule.severity)


def _judge(rule: Rule, rows: pa.Table, layer: Layer) -> tuple[pa.ChunkedArray, str, str | None]:
    values = rows[rule.column]
    match rule:
        case RangeRule():
            is_date = layer.columns[rule.column].type is ColumnType.date
            numbers = pc.year(values) if is_date else values  # bounds of a date are years
            bounds = f"{_bound(rule.min)} – {_bound(rule.max)}"
            return _out_of_range(numbers, rule), "value_out_of_range", bounds
        case PatternRule():
            fits = pc.match_substring_regex(values, whole_value(rule.pattern))
            return pc.invert(fits), "value_pattern", rule.pattern
        case SumRule():
            return _sum_differs(rows, rule), "value_sum", " + ".join(rule.parts)
        case PresentRule():
            return pc.is_null(values), "value_absent", None


def _out_of_range(values: pa.ChunkedArray, rule: RangeRule) -> pa.ChunkedArray:
    below = pc.less(values, -math.inf if rule.min is None else rule.min)
    above = pc.greater(values, math.inf if rule.max is None else rule.max)
    return pc.or_(below, above)


def _sum_differs(rows: pa.Table, rule: SumRule) -> pa.ChunkedArray:
    """Null where a part is not given: then there is nothing to compare."""
    total = rows[rule.parts[0]]
    for part in rule.parts[1:]:
        total = pc.add(total, rows[part])
    return pc.not_equal(total, rows[rule.column])


def _bound(value: float | None) -> str:
    return "…" if value is None else f"{value:g}"


def _agency_column(source: Source, name: str) -> str:
    """What the agency calls a column of ours."""
    mapping = source.columns.get(name)
    if mapping is None or mapping.column is None:
        return name
    return mapping.column if isinstance(mapping.column, str) else ", ".join(mapping.column)
