"""Places: where each row lies, and the district and subdistrict that it is kept under."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.space.areas import AdminAreas, Indices, claimed_codes
from geo.space.shapes import Floats, Shapes
from geo.values.distinct import Mask
from schemas.models import Layer, Role

PLACED = ("district_code", "subdistrict_code", "location_precision")
"""Columns that an accepted row gets from its place."""


@dataclass(frozen=True)
class Places:
    """Where the rows of a delivery lie.

    spots: (n, 2) a point on each shape, NaN where there is none. at: index of the subdistrict that
    it lies in or near to; -1 of none.
    """

    spots: Floats
    at: Indices


def find_places(shapes: Shapes, layer: Layer, admin: AdminAreas | None) -> Places:
    """Looks each shape up, where rows of the layer are placed by where they lie."""
    spots = shapes.spots()
    if admin is None or layer.role not in (Role.place, Role.area):
        return Places(spots, np.full(len(shapes), -1, dtype=np.int64))
    return Places(spots, admin.subdistricts.at(spots, near=True))


def with_places(rows: pa.Table, at: Indices, missing: Mask, admin: AdminAreas | None) -> pa.Table:
    """`rows` with the codes of their areas, and how exactly their place is known.

    A row without a shape (`missing`) stands at the subdistrict that it claims, or the district.
    """
    claimed = rows["claimed_district_code"], rows["claimed_subdistrict_code"]
    district, subdistrict = admin.placed(at, *claimed) if admin else claimed_codes(*claimed)
    area = pc.if_else(pc.is_valid(subdistrict), "subdistrict", "district")
    precision = pc.if_else(pa.array(missing), area, "exact")
    for name, column in zip(PLACED, (district, subdistrict, precision), strict=True):
        rows = rows.append_column(name, column)
    return rows
