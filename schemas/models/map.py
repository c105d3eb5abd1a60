"""Which layers and sources make one map, and where it lies."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.models.base import Bilingual, Declaration, Identifier


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


class Retention(Declaration):
    """How long `onemap prune` leaves what a map can do without; what it needs stays in any case."""

    releases: int = Field(
        30, ge=1, description="how many of the latest releases keep their files, at least"
    )
    release_days: int = Field(
        90, ge=1, description="days for which any other release keeps its files"
    )
    snapshots: int = Field(
        365, ge=1, description="days for which a delivery is kept after the last run that had it"
    )
    runs: int = Field(
        365, ge=1, description="days for which issues and quarantined rows of a run are kept"
    )


class OneMap(Declaration):
    """Which layers and sources make one map. One map is one database."""

    id: Identifier
    title: Bilingual
    area: Identifier
    layers: tuple[Identifier, ...] = Field(min_length=1)
    sources: tuple[Identifier, ...] = Field(min_length=1)
    notice: Bilingual | None = Field(None, description="shown wherever the map is shown")
    retention: Retention = Field(Retention(), description="what a prune leaves")
    sample: bool = Field(False, description="its drops are made by the generator in samples/")
