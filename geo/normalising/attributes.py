"""The layer's own columns, filled from the agency's: cleaned, typed, in the layer's units."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geo.issues import IssueCatalogue
from geo.normalising.claims import strip_prefixes
from geo.states import ROW
from geo.values.dates import parse_dates, parse_years
from geo.values.distinct import as_text, distinct
from geo.values.text import clean, key_of
from geo.values.units import parse_area, parse_integer, parse_number, parse_rai_ngan_wah
from schemas.models import Column, ColumnType, Layer, Mapping, Privacy, Source

ARROW_TYPES: Dictionary[ColumnType, pa.DataType] = {
    ColumnType.text: pa.string(),
    ColumnType.code: pa.string(),
    ColumnType.category: pa.string(),
    ColumnType.integer: pa.int64(),
    ColumnType.number: pa.float64(),
    ColumnType.boolean: pa.bool_(),
    ColumnType.date: pa.date32(),
    ColumnType.year: pa.int32(),
}

LONGEST_TEXT = 10_000
"""Characters; what is longer is no attribute but a document, and no reader of ours shows it."""

_YES = ("true", "yes", "y", "1", "ใช่", "มี")
_NO = ("false", "no", "n", "0", "ไม่ใช่", "ไม่", "ไม่มี")

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Filled:
    """A column as the layer stores it, and by row what happened to it, by issue code."""

    values: pa.Array
    found: Dictionary[str, Mask]


def fill_columns(
    rows: pa.Table, source: Source, layer: Layer, catalogue: IssueCatalogue
) -> tuple[dict[str, pa.Array], list[pa.Table]]:
    """Every declared column of the layer by name (null where the source has none), and issues."""
    columns: dict[str, pa.Array] = {}
    issues: list[pa.Table] = []
    numbers = np.asarray(rows[ROW])
    for name, declared in layer.columns.items():
        mapping = source.columns.get(name)
        if mapping is None:
            columns[name] = pa.nulls(rows.num_rows, ARROW_TYPES[declared.type])
        elif mapping.column is None:
            constant = pa.scalar(mapping.constant, ARROW_TYPES[declared.type])
            columns[name] = pa.repeat(constant, rows.num_rows)
        else:
            filled = _fill(rows, name, declared, mapping)
            columns[name] = filled.values
            issues += _issues(rows, numbers, declared, mapping, filled, catalogue)
    return columns, issues


def _fill(rows: pa.Table, name: str, declared: Column, mapping: Mapping) -> Filled:
    if isinstance(mapping.column, tuple):
        rai, ngan, wah = (rows[part] for part in mapping.column)
        areas = parse_rai_ngan_wah(rai, ngan, wah)
        return _known(areas.values, {"value_unreadable": areas.unreadable}, mapping)
    cleaned = clean(rows[str(mapping.column)])
    text = strip_prefixes(cleaned.values, mapping.strip_prefix)
    too_long = np.asarray(pc.fill_null(pc.greater(pc.utf8_length(text), LONGEST_TEXT), False))
    text = pc.if_else(pa.array(too_long), pa.scalar(None, pa.string()), text)
    placeholder = _placeholders(text, mapping)
    text = pc.if_else(pa.array(placeholder), pa.scalar(None, pa.string()), text)
    filled = _typed(text, declared, mapping)
    found = dict(filled.found)
    found["value_unreadable"] = found.get("value_unreadable", too_long) | too_long
    if declared.type in (ColumnType.text, ColumnType.code, ColumnType.category):
        found["text_repaired"] = cleaned.repaired & ~placeholder
    if name in ("name_th", "name_en"):
        found["placeholder_name"] = placeholder
    return _known(filled.values, found, mapping)


def _known(values: pa.Array, found: Dictionary[str, Mask], mapping: Mapping) -> Filled:
    """Zero stands for `not known` in many registers, where the source says so."""
    if mapping.zero_is_unknown:
        values = pc.if_else(pc.equal(values, 0), pa.scalar(None, values.type), values)
    return Filled(values, found)


def _placeholders(text: pa.Array, mapping: Mapping) -> Mask:
    """Words that stand for `not known`."""
    words = {key_of(word) for word in mapping.placeholders}
    found = distinct(text)
    return found.spread_mask([key_of(value) in words for value in found.values])


def _typed(text: pa.Array, declared: Column, mapping: Mapping) -> Filled:
    match declared.type:
        case ColumnType.text:
            return Filled(_translated(text, mapping), {})
        case ColumnType.code:
            return Filled(pc.replace_substring_regex(text, r"^(\d+)\.0+$", r"\1"), {})
        case ColumnType.category:
            return _category(text, declared, mapping)
        case ColumnType.boolean:
            return _boolean(text, mapping)
        case ColumnType.date:
            dates = parse_dates(text, mapping.era)
            return Filled(
                dates.values,
                {"value_unreadable": dates.unreadable, "date_ambiguous": dates.ambiguous},
            )
        case ColumnType.year:
            years = parse_years(text, mapping.era)
            return Filled(
                years.values.cast(pa.int32()),
                {"value_unreadable": years.unreadable, "date_ambiguous": years.ambiguous},
            )
        case ColumnType.integer | ColumnType.number:
            return _number(text, declared, mapping)


def _number(text: pa.Array, declared: Column, mapping: Mapping) -> Filled:
    if mapping.unit is not None:
        parsed = parse_area(text, mapping.unit)
    elif declared.type is ColumnType.integer:
        parsed = parse_integer(text)
    else:
        parsed = parse_number(text)
    return Filled(parsed.values, {"value_unreadable": parsed.unreadable})


def _translated(text: pa.Array, mapping: Mapping) -> pa.Array:
    """The agency's words in ours, where the source gives them; other words stay."""
    words = {key_of(theirs): str(ours) for theirs, ours in mapping.values.items()}
    found = distinct(text)
    return found.spread([words.get(key_of(v), v) for v in found.values], pa.string())


def _category(text: pa.Array, declared: Column, mapping: Mapping) -> Filled:
    words = {key_of(word): word for word in declared.values}
    words |= {key_of(theirs): str(ours) for theirs, ours in mapping.values.items()}
    return _looked_up(text, words, pa.string(), "value_unknown_category")


def _boolean(text: pa.Array, mapping: Mapping) -> Filled:
    words: dict[str | None, object] = {key_of(word): True for word in _YES}
    words |= {key_of(word): False for word in _NO}
    words |= {key_of(theirs): ours in (True, "true", 1) for theirs, ours in mapping.values.items()}
    return _looked_up(text, words, pa.bool_(), "value_unreadable")


def _looked_up(
    text: pa.Array, words: Dictionary[str | None, object], kind: pa.DataType, code: str
) -> Filled:
    found = distinct(text)
    keys = [key_of(value) for value in found.values]
    values = found.spread([words.get(key) for key in keys], kind)
    return Filled(values, {code: found.spread_mask([key not in words for key in keys])})


def _issues(
    rows: pa.Table,
    numbers: NDArray[np.int64],
    declared: Column,
    mapping: Mapping,
    filled: Filled,
    catalogue: IssueCatalogue,
) -> list[pa.Table]:
    """One table of issues per code that occurred. A personal value is not copied into the log."""
    names = (mapping.column,) if isinstance(mapping.column, str) else tuple(mapping.column or ())
    made = []
    for code, where in filled.found.items():
        if not where.any():
            continue
        mask = pa.array(where)
        raw = [pc.fill_null(as_text(rows[name]).filter(mask), "") for name in names]
        value = None
        if declared.privacy is not Privacy.personal:
            value = pc.binary_join_element_wise(*raw, " ")
        made.append(catalogue.make(code, numbers[where], column=", ".join(names), value=value))
    return made
