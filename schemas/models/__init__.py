"""Declarations: what exists, as pydantic models of the YAML beside this folder.

Every model refuses unknown keys. Nothing here reads a file, a database or the environment, and no
geospatial library is imported, so that a declaration can be checked anywhere.
"""

from schemas.models.base import Bilingual, Declaration, Identifier, Severity
from schemas.models.issue import IssueCode
from schemas.models.layer import (
    RESERVED_COLUMNS,
    Column,
    ColumnType,
    Gate,
    GeometryKind,
    Layer,
    PatternRule,
    PresentRule,
    Privacy,
    RangeRule,
    Role,
    Rule,
    Style,
    SumRule,
)
from schemas.models.map import Area, OneMap, Retention
from schemas.models.source import (
    Agency,
    AreaUnit,
    Era,
    Filter,
    FormatName,
    Mapping,
    Place,
    Position,
    Schedule,
    Source,
)

__all__ = [
    "RESERVED_COLUMNS",
    "Agency",
    "Area",
    "AreaUnit",
    "Bilingual",
    "Column",
    "ColumnType",
    "Declaration",
    "Era",
    "Filter",
    "FormatName",
    "Gate",
    "GeometryKind",
    "Identifier",
    "IssueCode",
    "Layer",
    "Mapping",
    "OneMap",
    "PatternRule",
    "Place",
    "Position",
    "PresentRule",
    "Privacy",
    "RangeRule",
    "Retention",
    "Role",
    "Rule",
    "Schedule",
    "Severity",
    "Source",
    "Style",
    "SumRule",
]
