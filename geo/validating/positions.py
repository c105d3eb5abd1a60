"""Positions: in the map's area, and in the district that the row itself claims."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geo.issues import IssueCatalogue
from geo.space.areas import NEAR_METRES, AdminAreas, Areas
from geo.space.shapes import Floats
from geo.states import Normalised
from geo.validating.placing import Places
from schemas.models import Area, Layer, Role, Severity, Source


def place_issues(
    delivery: Normalised, source: Source, layer: Layer, catalogue: IssueCatalogue
) -> Iterator[pa.Table]:
    """Rows without a position are held at the area they name, if they name one and may be held."""
    rows = np.asarray(delivery.table["source_row"])
    lost = delivery.shapes.missing & ~np.isin(rows, _useless_shapes(delivery))
    named = np.asarray(
        pc.or_(
            pc.is_valid(delivery.table["claimed_district_code"]),
            pc.is_valid(delivery.table["claimed_subdistrict_code"]),
        )
    )
    can_be_held = named if layer.role is Role.place else np.zeros_like(named)
    yield catalogue.make("place_missing", rows[lost & ~can_be_held])
    if source.position.origin != "none":
        yield catalogue.make("position_missing", rows[lost & can_be_held])


def _useless_shapes(delivery: Normalised) -> NDArray[np.int64]:
    """Rows whose shape was refused: it is not missing, and the row is quarantined for it."""
    issues = delivery.issues
    about_shape = pc.starts_with(issues["code"], "geometry_")
    fatal = pc.equal(issues["severity"], Severity.error.value)
    return np.asarray(issues["source_row"].filter(pc.and_(about_shape, fatal)))


def position_issues(
    delivery: Normalised,
    places: Places,
    layer: Layer,
    area: Area,
    admin: AdminAreas | None,
    catalogue: IssueCatalogue,
) -> Iterator[pa.Table]:
    """Positions lie in the map's area, and in the district that the row itself claims."""
    located = np.flatnonzero(~delivery.shapes.missing)
    rows = np.asarray(delivery.table["source_row"])[located]
    lon, lat = places.spots[located].T
    west, south, east, north = area.extent
    outside = ~((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
    if admin is not None and admin.complete and layer.role in (Role.place, Role.area):
        outside |= places.at[located] < 0
        yield from _disagreements(delivery, places.spots, located[~outside], admin, catalogue)
    where = [f"{x:.5f}, {y:.5f}" for x, y in zip(lon[outside], lat[outside], strict=True)]
    yield catalogue.make("position_outside", rows[outside], detail=pa.array(where, pa.string()))


def _disagreements(
    delivery: Normalised,
    spots: Floats,
    located: NDArray[np.int64],
    admin: AdminAreas,
    catalogue: IssueCatalogue,
) -> Iterator[pa.Table]:
    """Shapes that do not touch the area that their row claims; the smaller area speaks first."""
    rows = np.asarray(delivery.table["source_row"])
    for column, areas in (
        ("claimed_subdistrict_code", admin.subdistricts),
        ("claimed_district_code", admin.districts),
    ):
        claimed = delivery.table[column].take(pa.array(located))
        touched = areas.touched(delivery.shapes.take(located), claimed)
        differs = np.asarray(pc.is_valid(claimed)) & ~touched
        yield catalogue.make(
            "district_disagrees",
            rows[located[differs]],
            value=claimed.filter(pa.array(differs)),
            detail=pa.array(_where(spots[located[differs]], areas), pa.string()),
        )
        located = located[~differs]


def _where(spots: Floats, areas: Areas) -> list[str]:
    """Code of the area at each spot, for a person to read."""
    inside, near = areas.at(spots), areas.at(spots, near=True)
    nearest = [f"- ({areas.codes[i]} < {NEAR_METRES:.0f} m)" if i >= 0 else "-" for i in near]
    return [areas.codes[i] if i >= 0 else nearest[n] for n, i in enumerate(inside)]
