"""Lint of a source against the layer that it feeds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import PurePosixPath

from schemas.documents import Problem
from schemas.explain import did_you_mean
from schemas.formats import FORMATS
from schemas.lint_layers import NUMERIC
from schemas.models import (
    AreaUnit,
    Column,
    ColumnType,
    GeometryKind,
    Layer,
    Mapping,
    Privacy,
    Role,
    Source,
)
from schemas.source_columns import columns_of, columns_taken, place_columns

_TEXTUAL = frozenset({ColumnType.text, ColumnType.code, ColumnType.category})
_WORDS: dict[ColumnType, tuple[type, ...]] = {
    ColumnType.text: (str,),
    ColumnType.code: (str,),
    ColumnType.category: (str,),
    ColumnType.date: (str,),
    ColumnType.integer: (int,),
    ColumnType.year: (int,),
    ColumnType.number: (int, float),
    ColumnType.boolean: (bool,),
}


def source_problems(source: Source, layer: Layer) -> Iterator[Problem]:
    """What is wrong with a source, given its layer."""
    yield from _locations(source)
    yield from _positions(source, layer)
    yield from _places(source, layer)
    yield from _unused(source)
    yield from _personal(source, layer)
    for name, mapping in source.columns.items():
        if name not in layer.columns:
            known = list(layer.columns)
            message = f"the layer `{layer.id}` has no column `{name}`; {did_you_mean(name, known)}"
            yield ("columns", name), message
            continue
        for location, message in _mapping_problems(mapping, layer.columns[name]):
            yield ("columns", name, *location), f"`{name}`: {message}"
    for name, column in layer.columns.items():
        if column.required and name not in source.columns:
            yield ("columns",), f"`{name}` is required by the layer `{layer.id}`, and not mapped"


def _locations(source: Source) -> Iterator[Problem]:
    path = PurePosixPath(source.location)
    if "://" not in source.location and (path.is_absolute() or ".." in path.parts):
        yield ("location",), "`location` is a path below the drops folder, or an http(s) URL"
    elif "://" in source.location and not source.location.startswith(("http://", "https://")):
        yield ("location",), "of URLs, `location` takes http and https alone"
    if source.container_layer and not FORMATS[source.format].has_layers:
        yield ("container_layer",), f"a file of format {source.format} holds one layer alone"
    if source.as_of is not None and not _is_date(source.as_of):
        yield ("as_of",), f"`as_of` is `{source.as_of}`; it is a date such as 2024-01-31"
    if source.promise_days is not None and source.promise_days < 1:
        yield ("promise_days",), "`promise_days` is a number of days, 1 or more"


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _positions(source: Source, layer: Layer) -> Iterator[Problem]:
    origin = source.position.origin
    if origin == "file" and FORMATS[source.format].is_table:
        yield ("position",), f"a {source.format} file has no geometry; use `columns` or `none`"
    if origin == "columns" and layer.geometry is not GeometryKind.point:
        yield ("position",), f"two columns give points, and `{layer.id}` is a {layer.geometry}"
    if origin == "columns" and source.position.x == source.position.y:
        yield ("position",), "`x` and `y` are the same column"
    if origin == "none" and layer.role is not Role.place:
        yield ("position",), f"`{layer.id}` is of role {layer.role}: its rows need a geometry"


def _places(source: Source, layer: Layer) -> Iterator[Problem]:
    place = source.place
    if source.position.origin == "none" and not place_columns(source):
        yield ("position",), "rows without a position need a district or subdistrict in `place`"
    if place.subdistrict_name and not (place.district_code or place.district_name):
        yield ("place",), "a subdistrict's name is not unique: give its district too"
    if layer.role is Role.district and not place.district_code:
        yield ("place",), "a source of districts needs `district_code` in `place`"
    if layer.role is Role.subdistrict and not place.subdistrict_code:
        yield ("place",), "a source of subdistricts needs `subdistrict_code` in `place`"


def _unused(source: Source) -> Iterator[Problem]:
    """Each of the agency's columns is taken or left, and said once."""
    taken = columns_taken(source)
    for i, column in enumerate(source.unused):
        if column in taken:
            yield ("unused", i), f"column `{column}` is unused, and yet used"
        if column in source.unused[:i]:
            yield ("unused", i), f"column `{column}` is named twice"
    if len(set(source.key)) < len(source.key):
        yield ("key",), "a column is named twice in `key`"


def _personal(source: Source, layer: Layer) -> Iterator[Problem]:
    """Keys and places are written into the history and the issue log, which others read."""
    private = {
        column: name
        for name, mapping in source.columns.items()
        if name in layer.columns and layer.columns[name].privacy is Privacy.personal
        for column in columns_of(mapping)
    }
    for part, columns in (("key", source.key), ("place", place_columns(source))):
        for column in columns:
            if column in private:
                message = (
                    f"column `{column}` feeds `{private[column]}`, which is personal; `{part}` "
                    "shows it in the issue log, so take another column"
                )
                yield (part,), message


def _mapping_problems(mapping: Mapping, column: Column) -> Iterator[Problem]:
    kind = column.type
    for theirs, ours in mapping.values.items():
        if message := _word_problem(ours, column):
            yield ("values", theirs), message
    if mapping.constant is not None and (message := _word_problem(mapping.constant, column)):
        yield ("constant",), message
    yield from _unit_problems(mapping, column)
    if mapping.era and kind not in (ColumnType.date, ColumnType.year):
        yield ("era",), f"an era belongs to a date or a year; this column is {kind}"
    if mapping.zero_is_unknown and kind not in NUMERIC | {ColumnType.year}:
        yield ("zero_is_unknown",), f"a zero belongs to a number; this column is {kind}"
    if mapping.strip_prefix and kind not in _TEXTUAL:
        yield ("strip_prefix",), f"a prefix belongs to a text; this column is {kind}"


def _word_problem(word: object, column: Column) -> str | None:
    allowed = _WORDS[column.type]
    if not isinstance(word, allowed) or (isinstance(word, bool) and bool not in allowed):
        return f"`{word}` does not fit a column of type {column.type}"
    if column.values and word not in column.values:
        return (
            f"`{word}` is not a word of the layer; {did_you_mean(str(word), list(column.values))}"
        )
    return None


def _unit_problems(mapping: Mapping, column: Column) -> Iterator[Problem]:
    several = len(columns_of(mapping)) > 1
    if several and (mapping.unit is not AreaUnit.rai_ngan_wah or len(columns_of(mapping)) != 3):
        yield (
            ("column",),
            "several columns are rai, ngan and square wah: three, `unit: rai_ngan_wah`",
        )
    if mapping.unit and column.unit != "m2":
        yield ("unit",), f"`unit` is of an area, and this column is in {column.unit or 'no unit'}"
    if column.unit == "m2" and mapping.column is not None and mapping.unit is None:
        yield ("unit",), f"say the unit of the area: {', '.join(AreaUnit)}"
