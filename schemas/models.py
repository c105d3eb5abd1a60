"""Declarations: what exists, as pydantic models of the YAML beside this file.

Every model refuses unknown keys. Nothing here reads a file, a database or the environment, and no
geospatial library is imported, so that a declaration can be checked anywhere.
"""

from __future__ import annotations

from datetime import time
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
"""One word everywhere: file name, table, tile layer, run name, API collection."""

RESERVED_COLUMNS = frozenset(
    {
        "feature_id",
        "source_id",
        "source_key",
        "source_row",
        "run_id",
        "content_hash",
        "claimed_district_code",
        "claimed_subdistrict_code",
        "district_code",
        "subdistrict_code",
        "location_precision",
        "geom",
        "release_from",
        "release_to",
    }
)
"""Columns that every layer has; a layer declares only what is its own."""


class Declaration(BaseModel):
    """Base of every declared thing: immutable, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Bilingual(Declaration):
    """One text in Thai and in English."""

    th: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Privacy(StrEnum):
    """Who may see a column. A column without a class is not published (PDPA: allow-list)."""

    public = "public"
    internal = "internal"  # planners in PostGIS, never a public product
    personal = "personal"  # kept in `core` alone


class ColumnType(StrEnum):
    """Type of a layer's column, and how a raw value becomes one."""

    text = "text"
    code = "code"  # text that is an identifier: no number, leading zeros kept
    category = "category"  # text from a closed list (`values`)
    integer = "integer"
    number = "number"
    boolean = "boolean"
    date = "date"
    year = "year"  # common era, integer


class Column(Declaration):
    """One column of a layer, beyond the standard ones."""

    type: ColumnType
    title: Bilingual
    description: Bilingual | None = None
    unit: str | None = Field(None, description="UCUM-like unit, e.g. m2, person, bed")
    privacy: Privacy
    required: bool = False
    values: tuple[str, ...] = Field((), description="the closed list of a category")
    in_tiles: bool = Field(False, description="also an attribute of the vector tiles")

    @model_validator(mode="after")
    def _values_belong_to_categories(self) -> Column:
        if (self.type is ColumnType.category) != bool(self.values):
            raise ValueError("`values` is the closed list of a `category`, and of nothing else")
        return self


class Severity(StrEnum):
    """error quarantines the row; warning and note travel with it."""

    error = "error"
    warning = "warning"
    note = "note"


class RangeRule(Declaration):
    """A number, date or year lies within bounds (inclusive)."""

    rule: Literal["range"]
    column: str
    min: float | None = None
    max: float | None = None
    severity: Severity = Severity.warning


class PatternRule(Declaration):
    """A text matches a regular expression (Python `re`, whole value)."""

    rule: Literal["pattern"]
    column: str
    pattern: str
    severity: Severity = Severity.warning


class SumRule(Declaration):
    """The parts add up to the total, where all of them are given."""

    rule: Literal["sum"]
    column: str = Field(description="the total")
    parts: tuple[str, ...] = Field(min_length=2)
    severity: Severity = Severity.warning


class PresentRule(Declaration):
    """A value is there. (`required: true` on a column is the same as an error.)"""

    rule: Literal["present"]
    column: str
    severity: Severity = Severity.warning


Rule = Annotated[RangeRule | PatternRule | SumRule | PresentRule, Field(discriminator="rule")]


class Gate(Declaration):
    """What a new delivery may do to a layer before a person is asked."""

    max_fall: float = Field(default=0.2, ge=0, le=1, description="share of rows that may vanish")
    max_error_share: float = Field(default=0.1, ge=0, le=1, description="share of quarantined rows")


class GeometryKind(StrEnum):
    """Geometry of a layer; stored multi-part, except points."""

    point = "point"
    line = "line"
    polygon = "polygon"


class Role(StrEnum):
    """The part a layer plays in the map."""

    district = "district"
    subdistrict = "subdistrict"
    place = "place"  # united in onemap.place
    area = "area"  # areas that are neither places nor administration, e.g. catchments


class Style(Declaration):
    """How the layer looks on the map; the MapLibre style and the legend are made from it."""

    colour: str = Field(pattern=r"^#[0-9a-f]{6}$")
    min_zoom: int = Field(0, ge=0, le=14)
    max_zoom: int = Field(14, ge=0, le=14)
    label: bool = Field(False, description="draw name_th")
    visible: bool = True
    order: int = Field(0, description="draw order; larger lies on top")

    @model_validator(mode="after")
    def _zooms_in_order(self) -> Style:
        if self.min_zoom > self.max_zoom:
            raise ValueError("`min_zoom` is above `max_zoom`")
        return self


class Layer(Declaration):
    """What a layer is: its columns, rules, gates, privacy and looks. Not where it comes from.

    `name_th` and `name_en` are always there, public; a layer may describe them further in
    `columns` but need not.
    """

    id: Identifier
    title: Bilingual
    description: Bilingual
    role: Role
    geometry: GeometryKind
    columns: dict[Identifier, Column]
    rules: tuple[Rule, ...] = ()
    gate: Gate = Gate()
    style: Style

    @model_validator(mode="after")
    def _columns_are_consistent(self) -> Layer:
        for name in self.columns:
            if name in RESERVED_COLUMNS:
                raise ValueError(f"column `{name}` is a standard column: every layer has it")
        for name in ("name_th", "name_en"):
            if name not in self.columns:
                raise ValueError(f"column `{name}` is missing: every layer declares its names")
        for rule in self.rules:
            names = {rule.column, *(rule.parts if isinstance(rule, SumRule) else ())}
            if unknown := names - set(self.columns):
                raise ValueError(f"rule `{rule.rule}` names unknown column(s): {sorted(unknown)}")
        return self


class Area(Declaration):
    """A city or province: its code, extent and zone."""

    id: Identifier
    title: Bilingual
    province_code: str = Field(pattern=r"^[1-9][0-9]$")
    extent: tuple[float, float, float, float] = Field(
        description="west, south, east, north in degrees, EPSG:4326; positions outside are errors"
    )
    utm_zone: Literal[47, 48]
    admin_terms: Bilingual = Field(description="what a district is called here (เขต / District)")


class Agency(Declaration):
    """Who publishes."""

    id: Identifier
    title: Bilingual
    licence: Bilingual
    url: str | None = Field(None, pattern=r"^https?://")
    contact_role: Bilingual = Field(description="an office, never a person")


class SourceFormat(StrEnum):
    shapefile = "shapefile"
    geopackage = "geopackage"
    geojson = "geojson"
    esri_json = "esri_json"
    kml = "kml"
    csv = "csv"
    xlsx = "xlsx"


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
    format: SourceFormat
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


class OneMap(Declaration):
    """Which layers and sources make one map. One map is one database."""

    id: Identifier
    title: Bilingual
    area: Identifier
    layers: tuple[Identifier, ...] = Field(min_length=1)
    sources: tuple[Identifier, ...] = Field(min_length=1)
    notice: Bilingual | None = Field(None, description="shown wherever the map is shown")
    sample: bool = Field(False, description="its drops are made by the generator in samples/")


class IssueCode(Declaration):
    """One kind of issue: how bad it is, who can mend it, and what it says.

    Messages may hold the placeholders {column}, {value} and {detail}.
    """

    code: Identifier
    severity: Severity
    responsible: Literal["agency", "onemap", "nobody"]
    message: Bilingual
    advice: Bilingual
