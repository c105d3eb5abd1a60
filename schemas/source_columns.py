"""Which of the agency's columns a source uses."""

from __future__ import annotations

from schemas.models import Layer, Mapping, Privacy, Source


def columns_taken(source: Source) -> frozenset[str]:
    """The agency's columns that the source uses for anything."""
    position = source.position
    named = (
        *source.key,
        *(position.x, position.y),
        *place_columns(source),
        *(filter_.column for filter_ in source.filters),
        *(column for mapping in source.columns.values() for column in columns_of(mapping)),
    )
    return frozenset(column for column in named if column is not None)


def columns_of(mapping: Mapping) -> tuple[str, ...]:
    """The agency's columns that a mapping reads: none, one or several."""
    if mapping.column is None:
        return ()
    return (mapping.column,) if isinstance(mapping.column, str) else mapping.column


def place_columns(source: Source) -> tuple[str, ...]:
    """Columns that say in which area a row lies, as the agency calls them."""
    place = source.place
    named = (
        place.subdistrict_code,
        place.subdistrict_name,
        place.district_code,
        place.district_name,
    )
    return tuple(column for column in named if column is not None)


def personal_columns(source: Source, layer: Layer) -> frozenset[str]:
    """The agency's columns that any personal column of the layer is filled from."""
    return frozenset(
        column
        for name, mapping in source.columns.items()
        if layer.columns[name].privacy is Privacy.personal
        for column in columns_of(mapping)
    )


def showable_columns(source: Source, layer: Layer) -> frozenset[str]:
    """The agency's columns that staff may read as they were delivered: used, and not personal.

    Those that are known and not taken (`unused`) may be anything, and are not shown.
    """
    return columns_taken(source) - personal_columns(source, layer)


def personal_names(source: Source, layer: Layer) -> frozenset[str]:
    """How issues name what is personal: a column, or all columns of a mapping or of the key."""
    personal = personal_columns(source, layer)
    groups = (source.key, *(columns_of(mapping) for mapping in source.columns.values()))
    return personal | {", ".join(group) for group in groups if personal & set(group)}
