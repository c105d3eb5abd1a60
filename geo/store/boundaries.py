"""The boundaries of the coming release, as the database has them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from sqlalchemy import Connection, Engine, Row

from geo.space.areas import AdminAreas, Areas
from geo.store.database import connect, run

_LEVELS = ("districts", "subdistricts")


def load_areas(engine: Engine) -> AdminAreas | None:
    """The boundaries that the coming release will have; None while there are no subdistricts."""
    with connect(engine) as connection:
        rows = run(connection, "admin_areas").all()
    levels = {level: _areas([row for row in rows if row.level == level]) for level in _LEVELS}
    if not len(levels["subdistricts"].codes):
        return None
    return AdminAreas(**levels, fingerprint=rows[0].fingerprint)


def areas_fingerprint(connection: Connection) -> str:
    """What the boundaries of the coming release are; another text when one of them moved."""
    return str(run(connection, "areas_fingerprint").scalar_one())


def _areas(rows: Sequence[Row[tuple[str, str, str, bytes, str]]]) -> Areas:
    codes, districts, shapes = (
        np.array([getattr(row, name) for row in rows], dtype=object)
        for name in ("code", "district_code", "shape")
    )
    return Areas(codes, shapely.from_wkb(shapes), districts)
