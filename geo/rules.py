"""The declared rules of a layer, applied to whole columns."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.issues import IssueCatalogue
from schemas.models import (
    Column,
    ColumnType,
    Layer,
    PatternRule,
    PresentRule,
    Privacy,
    RangeRule,
    Severity,
    Source,
    SumRule,
)


def broken_rules(
    rows: pa.Table, source: Source, layer: Layer, catalogue: IssueCatalogue
) -> Iterator[pa.Table]:
    """Issues of every required column and every rule that the layer declares."""
    for name, column in layer.columns.items():
        if column.required:
            yield _issues(rows, pc.is_null(rows[name]), "value_missing", name, source, layer, catalogue)
    for rule in layer.rules:
        values = rows[rule.column]
        match rule:
            case RangeRule():
                broken, code = _out_of_range(values, rule, layer.columns[rule.column]), "value_out_of_range"
                detail = f"{_bound(rule.min)} – {_bound(rule.max)}"
            case PatternRule():
                broken = pc.invert(pc.match_substring_regex(values, f"^(?:{rule.pattern})$"))
                code, detail = "value_pattern", rule.pattern
            case SumRule():
                broken, code = _sum_differs(rows, rule), "value_sum"
                detail = " + ".join(rule.parts)
            case PresentRule():
                broken, code, detail = pc.is_null(values), "value_absent", None
        yield _issues(
            rows, broken, code, rule.column, source, layer, catalogue, detail, rule.severity
        )


def _issues(
    rows: pa.Table,
    broken: pa.ChunkedArray,
    code: str,
    name: str,
    source: Source,
    layer: Layer,
    catalogue: IssueCatalogue,
    detail: str | None = None,
    severity: Severity | None = None,
) -> pa.Table:
    mask = pc.fill_null(broken, False)
    personal = layer.columns[name].privacy is Privacy.personal
    return catalogue.make(
        code,
        np.asarray(rows["source_row"].filter(mask)),
        column=agency_column(source, name),
        value=None if personal else rows[name].filter(mask).cast(pa.string()),
        detail=detail,
        severity=severity,
    )


def agency_column(source: Source, name: str) -> str:
    """What the agency calls a column of ours."""
    mapping = source.columns.get(name)
    if mapping is None or mapping.column is None:
        return name
    return mapping.column if isinstance(mapping.column, str) else ", ".join(mapping.column)


def _out_of_range(values: pa.ChunkedArray, rule: RangeRule, column: Column) -> pa.ChunkedArray:
    if column.type is ColumnType.date:
        values = pc.year(values)  # bounds of a date are years
    below = pc.less(values, rule.min if rule.min is not None else -math.inf)
    above = pc.greater(values, rule.max if rule.max is not None else math.inf)
    return pc.or_(below, above)


def _sum_differs(rows: pa.Table, rule: SumRule) -> pa.ChunkedArray:
    """Null where a part is not given: then there is nothing to compare."""
    total = rows[rule.parts[0]]
    for part in rule.parts[1:]:
        total = pc.add(total, rows[part])
    return pc.not_equal(total, rows[rule.column])


def _bound(value: float | None) -> str:
    return "…" if value is None else f"{value:g}"
