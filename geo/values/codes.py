"""Administrative codes and names of one province, current and abolished.

Codes are those of the Department of Provincial Administration: province 2 digits, district 4,
subdistrict 6. Names and the history of codes come from the package `geothai`. A code is a text.

A subdistrict's name is unique only within its district, so names are resolved as pairs. A name
that is not official is never changed in silence: it is unknown, with a suggestion for a person.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, TypeAlias

import geothai
import pyarrow as pa
from geothai.abolished import abolished_areas
from geothai.types import District, Subdistrict

from geo.errors import ConfigurationError
from geo.values.distinct import Column, Distinct, Mask, Value, distinct, distinct_pairs
from geo.values.text import ADMIN_PREFIXES, arabic_digits, clean_text, key_of

Level: TypeAlias = Literal["district", "subdistrict"]
Names: TypeAlias = dict[tuple[str, str], tuple[str, ...]]

_CODES: dict[Level, re.Pattern[str]] = {
    "district": re.compile(r"(?:TH)?0*([1-9]\d{3})(?:00)*(?:\.0*)?", re.IGNORECASE),
    "subdistrict": re.compile(r"(?:TH)?0*([1-9]\d{5})(?:00)*(?:\.0*)?", re.IGNORECASE),
}
_LATIN_NOISE = re.compile(r"(?:sub-?)?district$|[-'’.]")
_LIKENESS = 0.75  # of difflib; only for suggestions, which a person judges


@dataclass(frozen=True)
class AdminArea:
    """A current district or subdistrict."""

    code: str
    name_th: str
    name_en: str


@dataclass(frozen=True)
class Resolved:
    """Current codes by row (null where there is none), and what happened on the way.

    unknown: there was a value, and it is no code or name of the province.
    retired: the value was abolished, and `codes` holds its one successor.
    ambiguous: it may be any of several areas; `suggestions` names them.
    suggestions: text for a person ("104702 บางนาเหนือ, ..."), null where there is nothing to say.
    """

    codes: pa.Array
    unknown: Mask
    retired: Mask
    ambiguous: Mask
    suggestions: pa.Array


@dataclass(frozen=True)
class _Answer:
    codes: tuple[str, ...] = ()
    retired: bool = False
    unknown: bool = False
    suggestion: str | None = None


_NOTHING = _Answer()


@dataclass(frozen=True)
class AdminCodes:
    """What is official in one province; see `for_province`."""

    province_code: str
    districts: dict[str, AdminArea]
    subdistricts: dict[str, AdminArea]
    successors: dict[str, tuple[str, ...]]
    _areas: dict[str, AdminArea]
    _names: Names
    _retired_names: Names

    @classmethod
    @functools.cache
    def for_province(cls, province_code: str) -> AdminCodes:
        """The codes of a province, e.g. "10" for Bangkok.

        Raises:
            ConfigurationError: there is no such province.
        """
        if geothai.province(province_code) is None:
            raise ConfigurationError(
                f"{province_code!r} is no province code; give two digits, e.g. 10 for Bangkok"
            )
        districts = {d.code: _official(d) for d in geothai.districts(province_code)}
        subdistricts = {s.code: _official(s) for d in districts for s in geothai.subdistricts(d)}
        current = districts | subdistricts
        retired = [a for a in abolished_areas() if a.code.startswith(province_code)]
        successors = {a.code: tuple(s for s in a.successors if s in current) for a in retired}
        names = _index((a.code, name, (a.code,)) for a in current.values() for name in _forms(a))
        if province_code != "10":
            capital = (f"{province_code}01",)
            names |= {(province_code, alias): capital for alias in ("เมือง", "mueang")}
        retired_names = _index(
            (a.code, name, successors[a.code])
            for a in retired
            if successors[a.code]
            for name in (a.name_th, a.name_en)
        )
        return cls(
            province_code, districts, subdistricts, successors, current, names, retired_names
        )

    @functools.cached_property
    def content(self) -> list[object]:
        """All that an answer can come from, in one order: another hash of it means other codes."""
        areas = [(area.code, area.name_th, area.name_en) for area in self._areas.values()]
        names = [
            sorted([*key, *codes] for key, codes in known.items())
            for known in (self._names, self._retired_names)
        ]
        return [sorted(areas), sorted(self.successors.items()), *names]

    def resolve_codes(self, column: Column, level: Level, names: Column | None = None) -> Resolved:
        """Codes as agencies write them -> current codes.

        Takes `1001.0`, ` 1001 `, `TH1001`, Thai digits, padding with zeros on the left and with
        "00" for the levels below. A retired code with several successors is told by `names`, the
        names of the areas in the same rows (also where a DBF cut them), or is ambiguous.
        """
        names = pa.nulls(len(column), pa.string()) if names is None else names
        pairs = distinct_pairs(column, names)
        return _spread(pairs, [self._by_code(code, name, level) for code, name in pairs.values])

    def resolve_districts(self, names: Column) -> Resolved:
        """Names of districts, Thai or English, with or without เขต, อำเภอ, Khet ... -> codes."""
        found = distinct(names)
        return _spread(found, [self._by_name(self.province_code, n) for n in found.values])

    def resolve_subdistricts(self, names: Column, district_codes: Column) -> Resolved:
        """Names of subdistricts within the district of the same row -> codes.

        `district_codes` are current codes. Where one is null, the name decides if it is unique in
        the province.
        """
        pairs = distinct_pairs(names, district_codes)
        return _spread(
            pairs, [self._subdistrict(name, district) for name, district in pairs.values]
        )

    def official_names(self, codes: Column) -> tuple[pa.Array, pa.Array]:
        """Current codes of either level -> official names (Thai, English); null if unknown."""
        found = distinct(codes)
        areas = [self._areas.get(code) for code in found.values]
        thai = [area.name_th if area else None for area in areas]
        english = [area.name_en if area else None for area in areas]
        return found.spread(thai, pa.string()), found.spread(english, pa.string())

    def names_differ(self, codes: Column, names: Column) -> Mask:
        """Where a given name is not the official one of its code (cut and misspelt ones)."""
        pairs = distinct_pairs(codes, names)
        return pairs.spread_mask([self._differs(code, name) for code, name in pairs.values])

    def _differs(self, code: str | None, name: str | None) -> bool:
        area = self._areas.get(code) if code else None
        key = _key(name)
        return area is not None and key is not None and key not in map(_key, _forms(area))

    def _by_code(self, text: str | None, name: str | None, level: Level) -> _Answer:
        cleaned = clean_text(text or "")
        if cleaned is None:
            return _NOTHING
        code = _plain_code(cleaned, level)
        if code in (self.districts if level == "district" else self.subdistricts):
            return _Answer((code,))
        return self._answer(self._named(self.successors.get(code, ()), name), retired=True)

    def _named(self, codes: tuple[str, ...], name: str | None) -> tuple[str, ...]:
        """Those of `codes` that bear the name; or else the one whose name was cut to it; or all."""
        key = _key(name)
        if key is None:
            return codes
        forms = {
            code: [form for name in _forms(self._areas[code]) if (form := _key(name))]
            for code in codes
        }
        exact = tuple(code for code in codes if key in forms[code])
        cut = tuple(code for code in codes if any(form.startswith(key) for form in forms[code]))
        return exact or (cut if len(cut) == 1 else codes)

    def _subdistrict(self, name: str | None, district: str | None) -> _Answer:
        if district is not None:
            return self._by_name(district, name)
        key = _key(name)
        if key is None:
            return _NOTHING
        codes = [self._names.get((parent, key), ()) for parent in self.districts]
        return self._answer(tuple(code for found in codes for code in found))

    def _by_name(self, parent: str, name: str | None) -> _Answer:
        key = _key(name)
        if key is None:
            return _NOTHING
        if current := self._names.get((parent, key)):
            return self._answer(current)
        if former := self._retired_names.get((parent, key)):
            return self._answer(former, retired=True)
        return _Answer(unknown=True, suggestion=self._suggested(parent, key))

    @functools.cached_property
    def _suggested(self) -> Callable[[str, str], str | None]:
        """Likenesses are dear, and the same names come again with every batch of rows."""
        return functools.lru_cache(maxsize=10_000)(self._suggestion)

    def _suggestion(self, parent: str, key: str) -> str | None:
        siblings = {form: codes for (above, form), codes in self._names.items() if above == parent}
        close = get_close_matches(key, siblings, cutoff=_LIKENESS)
        if close:
            return self._described(siblings[close[0]])
        if parent in self.districts:
            same = [
                code for (_, form), codes in self._names.items() if form == key for code in codes
            ]
            return self._described(code for code in same if code in self.subdistricts)
        return None

    def _answer(self, codes: tuple[str, ...], *, retired: bool = False) -> _Answer:
        if not codes:
            return _Answer(unknown=True)
        suggestion = self._described(codes) if len(codes) > 1 else None
        return _Answer(codes, retired=retired and len(codes) == 1, suggestion=suggestion)

    def _described(self, codes: Iterable[str]) -> str | None:
        areas = [self._areas[code] for code in dict.fromkeys(codes)]
        return ", ".join(f"{area.code} {area.name_th}" for area in areas) or None


def _official(area: District | Subdistrict) -> AdminArea:
    return AdminArea(area.code, area.name_th, area.name_en)


def _forms(area: AdminArea) -> tuple[str, str]:
    return area.name_th, area.name_en


def _index(entries: Iterable[tuple[str, str | None, tuple[str, ...]]]) -> Names:
    """(code, name, codes meant) -> codes meant by (code of the parent, key of the name)."""
    found: Names = {}
    for code, name, meant in entries:
        if key := _key(name):
            known = found.get((code[:-2], key), ())
            found[code[:-2], key] = tuple(dict.fromkeys((*known, *meant)))
    return found


def _key(name: str | None) -> str | None:
    key = key_of(name or "", ADMIN_PREFIXES)
    return key and (_LATIN_NOISE.sub("", key) or None)


def _plain_code(text: str, level: Level) -> str:
    """The digits of a code, or "" where it is none."""
    match = _CODES[level].fullmatch(re.sub(r"[\s-]", "", arabic_digits(text)))
    return match[1] if match else ""


def _spread(found: Distinct[Value], answers: list[_Answer]) -> Resolved:
    return Resolved(
        codes=found.spread(
            [a.codes[0] if len(a.codes) == 1 else None for a in answers], pa.string()
        ),
        unknown=found.spread_mask([a.unknown for a in answers]),
        retired=found.spread_mask([a.retired for a in answers]),
        ambiguous=found.spread_mask([len(a.codes) > 1 for a in answers]),
        suggestions=found.spread([a.suggestion for a in answers], pa.string()),
    )
