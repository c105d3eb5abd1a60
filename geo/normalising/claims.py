"""Where a row says it is: codes and names of the administration, made current."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.issues import IssueCatalogue
from geo.values.codes import AdminCodes, Level, Resolved
from geo.values.distinct import Mask, as_text, distinct
from geo.values.text import matches
from schemas.models import Layer, Role, Severity, Source

_BLANK = r"[\s\x0b\x1c-\x1f\x{85}\p{Z}]"
"""What Python strips, in the words of RE2."""


@dataclass(frozen=True)
class Claims:
    """Current codes by row, null where the row names no area that we know."""

    district: pa.Array
    subdistrict: pa.Array
    issues: list[pa.Table]


class ClaimReader:
    """Resolves what the rows of one delivery claim."""

    def __init__(
        self,
        rows: pa.Table,
        source: Source,
        layer: Layer,
        codes: AdminCodes,
        catalogue: IssueCatalogue,
    ) -> None:
        self._rows, self._source, self._codes, self._catalogue = rows, source, codes, catalogue
        self._role = layer.role
        self._numbers = np.asarray(rows["_row"])
        self._issues: list[pa.Table] = []
        self._moved = np.zeros(rows.num_rows, dtype=np.bool_)  # by a change of the boundaries

    def read(self) -> Claims:
        """Codes first, names where a code is not given or not known."""
        place = self._source.place
        district = self._by_code(place.district_code, "district", place.district_name)
        subdistrict = self._by_code(place.subdistrict_code, "subdistrict", place.subdistrict_name)
        if place.district_name:
            found = self._codes.resolve_districts(self._text(place.district_name))
            self._report_names(found, place.district_name, pc.is_null(district))
            district = pc.coalesce(district, found.codes)
        if place.subdistrict_name:
            names = self._text(place.subdistrict_name)
            found = self._codes.resolve_subdistricts(names, district)
            self._report_names(found, place.subdistrict_name, pc.is_null(subdistrict))
            self._moved |= found.retired
            subdistrict = pc.coalesce(subdistrict, found.codes)
        return Claims(self._agree(district, subdistrict), subdistrict, self._issues)

    def _agree(self, district: pa.Array, subdistrict: pa.Array) -> pa.Array:
        """A subdistrict speaks for its district; a district that says otherwise is reported.

        Not so where the subdistrict was retired: then the district was right before.
        """
        parent = pc.utf8_slice_codeunits(subdistrict, 0, 4)
        differs = np.asarray(pc.fill_null(pc.not_equal(parent, district), False)) & ~self._moved
        column = self._source.place.district_code or self._source.place.district_name
        self._report("claims_disagree", differs, column, district, parent)
        return pc.coalesce(parent, district)

    def _by_code(self, column: str | None, level: Level, name_column: str | None) -> pa.Array:
        if column is None:
            return pa.nulls(len(self._numbers), pa.string())
        raw = self._text(column)
        names = self._text(name_column) if name_column else self._own_names(level)
        found = self._codes.resolve_codes(raw, level, names)
        if level == "subdistrict":
            self._moved |= found.retired
        self._report("code_unknown", found.unknown, column, raw)
        self._report("code_retired", found.retired, column, raw, found.codes)
        self._report("code_ambiguous", found.ambiguous, column, raw, found.suggestions)
        return found.codes

    def _own_names(self, level: Level) -> pa.Array | None:
        """A boundary file's own names tell which successor of a retired code is meant."""
        mapping = self._source.columns.get("name_th")
        if self._role.value != level or mapping is None or not isinstance(mapping.column, str):
            return None
        return self._text(mapping.column)

    def _report_names(self, found: Resolved, column: str, wanted: pa.Array) -> None:
        raw, needed = self._text(column), np.asarray(wanted)
        self._report("place_name_unknown", found.unknown & needed, column, raw, found.suggestions)
        self._report("place_name_unknown", found.ambiguous & needed, column, raw, found.suggestions)
        self._report("code_retired", found.retired & needed, column, raw, found.codes)

    def _report(
        self,
        code: str,
        where: Mask,
        column: str | None,
        value: pa.Array,
        detail: pa.Array | None = None,
    ) -> None:
        if not where.any():
            return
        boundary = self._role in (Role.district, Role.subdistrict)
        fatal = boundary and code in ("code_unknown", "code_ambiguous")
        mask = pa.array(where)
        self._issues.append(
            self._catalogue.make(
                code,
                self._numbers[where],
                column=column,
                value=value.filter(mask),
                detail=detail.filter(mask) if detail is not None else None,
                severity=Severity.error if fatal else None,
            )
        )

    def _text(self, column: str) -> pa.Array:
        return strip_prefixes(as_text(self._rows[column]), self._source.place.strip_prefix)


def strip_prefixes(column: pa.Array, prefixes: Sequence[str]) -> pa.Array:
    """Takes the first prefix that fits off each value, where something is left after it."""
    begins = "|".join(re.escape(prefix) for prefix in prefixes)
    fits = matches(column, rf"^{_BLANK}*(?:{begins})") if prefixes else np.zeros(0, dtype=np.bool_)
    if not fits.any():
        return column
    found = distinct(column.filter(pa.array(fits)))
    rest = found.spread([_without(value, prefixes) for value in found.values], pa.string())
    return pc.replace_with_mask(column, pa.array(fits), rest)


def _without(value: str, prefixes: Sequence[str]) -> str:
    stripped = value.strip()
    for prefix in prefixes:
        rest = stripped.removeprefix(prefix).strip()
        if rest and rest != stripped:
            return rest
    return value
