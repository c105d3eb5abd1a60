"""What a layer is: its columns, rules, gate, privacy and looks."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.models.base import Bilingual, Declaration, Identifier, Severity

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

POSTGRES_COLUMNS = frozenset({"cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"})
"""System columns of every table of PostgreSQL (its manual, 5.6): none can be made of that name."""


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


class RangeRule(Declaration):
    """A number, date or year lies within bounds (inclusive)."""

    rule: Literal["range"]
    column: str
    min: float | None = None
    max: float | None = None
    severity: Severity = Severity.warning


class PatternRule(Declaration):
    """A text matches a regular expression (RE2, as the engine that runs it; the whole value)."""

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
    count_below: int = Field(
        0,
        ge=0,
        le=14,
        description="below this zoom tiles hold counts of features, and none of them",
    )
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
    precision: int = Field(
        9, ge=5, le=9, description="decimals of a degree that are kept: 9 is 0.1 mm, 5 is 1 m"
    )
    columns: dict[Identifier, Column]
    rules: tuple[Rule, ...] = ()
    gate: Gate = Gate()
    style: Style

    @model_validator(mode="after")
    def _has_its_name_in_tiles(self) -> Layer:
        if self.id.endswith("_count"):
            raise ValueError("no layer's id ends in `_count`: tiles have counts of that name")
        return self

    @model_validator(mode="after")
    def _columns_are_consistent(self) -> Layer:
        for name in self.columns:
            if name in POSTGRES_COLUMNS:
                raise ValueError(f"column `{name}` is one that PostgreSQL has; take another name")
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
