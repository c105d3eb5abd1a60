"""Standing: is there anything to do, or does an earlier decision cover these bytes already?

All that decides how bytes become rows is written down in parts, one line for each, and kept with
the run. So it can be said why something is read again; the fingerprint is the hash of all parts.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Generic, TypeVar

import pyproj
import pyproj.database
import pyproj.datadir
import shapely
from pydantic import BaseModel
from sqlalchemy import Engine

from geo.issues import IssueCatalogue
from geo.states import Deciding, Snapshot
from geo.steps import STEPS
from geo.store import runs
from geo.store.boundaries import areas_fingerprint
from geo.store.database import connect
from geo.values.codes import AdminCodes
from schemas.catalogue import MapView
from schemas.models import Bilingual, IssueCode, Role, Source

_ONLY_SHOWN = frozenset(
    {"title", "description", "style", "in_tiles", "schedule", "promise_days", "as_of"}
)
"""Keys of declarations that say how something is shown or when it is looked at: no row changes."""

_LIBRARIES = {
    "pyogrio (GDAL)": "pyogrio",
    "fiona (GDAL)": "fiona",
    "Arrow": "pyarrow",
    "calamine": "python-calamine",
    "pythainlp": "pythainlp",
    "pandas": "pandas",
}
"""Packages that decide, by the name that a person knows. GDAL is not imported here, for it would
open in the parent what only the reading child may touch: each wheel carries a GDAL of its own, so
that the package's version names it."""

_MANY = 4
_REMEMBERED = 512
"""Declarations whose parts are kept: those of a large map."""

T = TypeVar("T")


def standing(engine: Engine, source: Source, taken: Snapshot, now: Deciding) -> runs.Earlier | None:
    """What was decided of these bytes, if nothing that decides has changed since."""
    with connect(engine) as connection:
        return runs.earlier(connection, source.id, taken.sha256, now.fingerprint)


def deciding(engine: Engine, view: MapView, source: Source, catalogue: IssueCatalogue) -> Deciding:
    """All that decides how a source's bytes become rows, in parts; the bytes apart."""
    layer = view.layer(source.layer)
    boundary = layer.role in (Role.district, Role.subdistrict)
    with connect(engine) as connection:
        areas = "" if boundary else areas_fingerprint(connection)
    parts = {
        **_declared("source", _Same(source)),
        **_declared("layer", _Same(layer)),
        **_declared("area", _Same(view.area)),
        **_severities(_Same(catalogue.codes)),
        **{f"step {name}": str(number) for name, number in STEPS.items()},
        "codes": _codes(_Same(AdminCodes.for_province(view.area.province_code))),
        "boundaries": areas,
        **_versions(),
    }
    return Deciding(parts)


class _Same(Generic[T]):
    """A value that does not change: what is made of it is made once, and found by its identity.

    The sources of a map share layers, an area and codes, and each is asked about twice.
    """

    def __init__(self, value: T) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value


def because(before: Deciding, now: Deciding) -> str | None:
    """What is other than it was, in words; None where nothing is."""
    if not before.parts:
        return "it was decided by an earlier version of One Map"
    changed = [
        _change(name, before.parts.get(name), now.parts.get(name))
        for name in sorted(before.parts.keys() | now.parts.keys())
        if before.parts.get(name) != now.parts.get(name)
    ]
    more = [f"and {len(changed) - _MANY} more"] if len(changed) > _MANY else []
    return "; ".join([*changed[:_MANY], *more]) or None


def _change(name: str, before: str | None, now: str | None) -> str:
    """`PROJ 9.5.1 -> 9.6.0`, `severity of key_missing error -> warning`, `layer rules changed`."""
    if before is None or now is None:
        return f"{name} is {'new' if before is None else 'gone'}"
    hashed = name.startswith(("source ", "layer ", "area ")) or name in _HASHED
    return f"{name} changed" if hashed else f"{name} {before} -> {now}"


_HASHED = ("codes", "boundaries", "PROJ data")


@functools.lru_cache(maxsize=_REMEMBERED)
def _declared(kind: str, declaration: _Same[BaseModel]) -> Mapping[str, str]:
    """Each key of a declaration with the hash of what decides in it."""
    declared = declaration.value
    return {
        f"{kind} {key}": _hash(_without_words(getattr(declared, key)))
        for key in type(declared).model_fields
        if key not in _ONLY_SHOWN
    }


@functools.lru_cache(maxsize=_REMEMBERED)
def _severities(codes: _Same[Mapping[str, IssueCode]]) -> Mapping[str, str]:
    return {
        f"severity of {code}": f"{declared.severity.value}, {declared.responsible}"
        for code, declared in sorted(codes.value.items())
    }


def _without_words(value: Any) -> Any:
    """A declared value as JSON knows it, without texts for people and what is only shown."""
    if isinstance(value, BaseModel):
        fields = ((key, getattr(value, key)) for key in type(value).model_fields)
        return {
            key: _without_words(part)
            for key, part in fields
            if key not in _ONLY_SHOWN and not isinstance(part, Bilingual)
        }
    if isinstance(value, Mapping):
        return {str(key): _without_words(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_words(part) for part in value]
    return value


@functools.cache
def _versions() -> Mapping[str, str]:
    """Versions of what reads, moves and compares; they do not change while a process lives."""
    data = Path(pyproj.datadir.get_data_dir())
    files = sorted((path.name, path.stat().st_size) for path in data.iterdir() if path.is_file())
    registry = pyproj.database.get_database_metadata("EPSG.VERSION")
    return {
        **{name: version(package) for name, package in _LIBRARIES.items()},
        "PROJ": pyproj.proj_version_str,
        "PROJ data": _hash([registry, files]),
        "GEOS": shapely.geos_version_string,
    }


@functools.lru_cache(maxsize=_REMEMBERED)
def _codes(codes: _Same[AdminCodes]) -> str:
    """Hash of a province's codes, names and successors, whoever they come from."""
    return _hash(codes.value.content)


def _hash(value: Any) -> str:
    """Twelve hexadecimal digits: enough to tell two values of one part apart."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
