"""Who publishes, and how one agency's file or service becomes rows of a layer."""

from __future__ import annotations

from datetime import time
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from schemas.formats import FORMATS
from schemas.models.base import Bilingual, Declaration, Identifier


class Agency(Declaration):
    """Who publishes."""

    id: Identifier
    title: Bilingual
    licence: Bilingual
    url: str | None = Field(None, pattern=r"^https?://")
    contact_role: Bilingual = Field(description="an office, never a person")


def _known_format(name: str) -> str:
    if name not in FORMATS:
        raise PydanticCustomError(
            "enum", "unknown format", {"expected": " or ".join(map(repr, FORMATS))}
        )
    return name


FormatName = Annotated[
    str, AfterValidator(_known_format), WithJsonSchema({"enum": list(FORMATS), "type": "string"})
]
"""A format of `schemas.formats`."""


class AreaUnit(StrEnum):
    """Units of area met in Thai registers (1 rai = 1600 m2, 1 ngan = 400, 1 square wah = 4)."""

    m2 = "m2"
    km2 = "km2"
    rai = "rai"
    rai_ngan_wah = "rai_ngan_wah"  # "4-2-0" in one column, or three columns


class Era(StrEnum):
    """Calendar of a two-digit year; four-digit years are told apart by themselves."""

    be = "BE"
    ce = "CE"


class Mapping(Declaration):
    """How one layer column is filled from the agency's columns."""

    column: str | tuple[str, ...] | None = Field(
        None, description="the agency's column; three for rai, ngan, square wah"
    )
    constant: str | int | float | bool | None = None
    values: dict[str, str | bool | int] = Field(
        {}, description="the agency's word -> ours; compared after text is cleaned"
    )
    unit: AreaUnit | None = Field(None, description="converted to m2")
    era: Era | None = None
    placeholders: tuple[str, ...] = Field((), description="words that stand for 'not known'")
    zero_is_unknown: bool = False
    strip_prefix: tuple[str, ...] = Field((), description="e.g. TH before a code, เขต in a name")

    @model_validator(mode="after")
    def _column_or_constant(self) -> Mapping:
        if (self.column is None) == (self.constant is None):
            raise ValueError("give either `column` or `constant`")
        return self


class Place(Declaration):
    """Where a row says it is, by code or by name (names are resolved within the area)."""

    subdistrict_code: str | None = None
    subdistrict_name: str | None = None
    district_code: str | None = None
    district_name: str | None = None
    strip_prefix: tuple[str, ...] = Field(
        default=(), description="taken off codes and names before they are looked up, e.g. TH, เขต"
    )


class Position(Declaration):
    """Where the geometry comes from: the file, two columns, or nowhere."""

    origin: Literal["file", "columns", "none"]
    x: str | None = Field(None, description="column of longitude or easting")
    y: str | None = Field(None, description="column of latitude or northing")
    crs: str | None = Field(
        None,
        pattern=r"^EPSG:[0-9]{4,5}$",
        description="needed for columns; for files it must agree with what the file declares",
    )

    @model_validator(mode="after")
    def _columns_have_names_and_crs(self) -> Position:
        if self.origin == "columns" and not (self.x and self.y and self.crs):
            raise ValueError("`origin: columns` needs `x`, `y` and `crs`")
        if self.origin != "columns" and (self.x or self.y):
            raise ValueError("`x` and `y` belong to `origin: columns`")
        return self


class Filter(Declaration):
    """Rows that belong to the layer; the others are counted as filtered, by row number."""

    column: str
    keep: tuple[str, ...] = Field((), description="exact values kept, after text is cleaned")
    keep_prefix: tuple[str, ...] = Field((), description="values kept by how they begin")
    reason: Bilingual

    @model_validator(mode="after")
    def _keeps_something(self) -> Filter:
        if bool(self.keep) == bool(self.keep_prefix):
            raise ValueError("give either `keep` or `keep_prefix`")
        return self


class Schedule(Declaration):
    """When the source is looked at, in Asia/Bangkok."""

    every: Literal["hour", "day", "week", "month"] = "day"
    at: time = time(2, 0)


class Source(Declaration):
    """How one agency's file or service becomes rows of a layer."""

    id: Identifier
    layer: Identifier
    agency: Identifier
    title: Bilingual
    location: str = Field(
        min_length=1, description="path below the drops folder, a glob, or an http(s) URL"
    )
    format: FormatName
    container_layer: str | None = Field(
        None, description="layer or sheet, where a file holds several"
    )
    encoding: Literal["auto", "utf-8", "cp874"] = "auto"
    key: tuple[str, ...] = Field(min_length=1, description="the agency's columns that name a row")
    position: Position
    place: Place = Place()
    filters: tuple[Filter, ...] = ()
    columns: dict[Identifier, Mapping]
    unused: tuple[str, ...] = Field(
        (), description="the agency's columns that we know and do not take"
    )
    as_of: str | None = Field(None, description="date of the content (ISO), where the agency says")
    promise_days: int | None = Field(None, description="how often the agency promises new content")
    schedule: Schedule = Schedule()
