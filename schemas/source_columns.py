"""Which of the agency's columns a source uses."""

from __future__ import annotations

from schemas.models import Mapping, Source


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
