"""A database that follows the declarations of a real map, and deliveries to load into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
import shapely
from sqlalchemy import Engine

from geo.issues import ISSUE_SCHEMA
from geo.load import load
from geo.space.areas import AdminAreas
from geo.space.shapes import Shapes
from geo.spill import Spill
from geo.states import Deciding, Loaded, Snapshot, Validated, Verdict
from geo.store import lease, runs
from geo.store.boundaries import load_areas
from geo.store.database import open_engine
from geo.unify import unify
from geo.validating.placing import find_places, with_places
from schemas.catalogue import MapView, load_catalogue
from schemas.models import Layer, Source


@dataclass(frozen=True)
class Row:
    """One accepted row of a delivery, as a test writes it down."""

    key: str
    lon: float | None = None
    lat: float | None = None
    name: str = "สวนทดสอบ"
    district: str | None = None
    subdistrict: str | None = None
    shape: shapely.Geometry | None = None
    content: str = ""


@dataclass(frozen=True)
class TestMap:
    """A declared map in a fresh database."""

    __test__ = False
    engine: Engine
    view: MapView

    def source_of(self, layer: str) -> Source:
        return next(source for source in self.view.sources if source.layer == layer)

    def unify(self) -> dict[str, int]:
        """Places what was loaded."""
        with lease.hold(self.engine, [layer.id for layer in self.view.layers]) as token:
            return unify(self.engine, self.view.layers, token)

    def load(self, layer: str, rows: Sequence[Row], source: Source | None = None) -> Loaded:
        """Loads rows as one delivery of the layer's first source."""
        source = source or self.source_of(layer)
        declared = self.view.layer(layer)
        taken = Snapshot(source.id, "0" * 64, (), datetime.now(UTC))
        with lease.hold(self.engine, [layer], wait_seconds=5) as token:
            run_id = runs.begin(self.engine, source, taken, Deciding({}))
            return load(
                self.engine,
                run_id,
                delivery(rows, declared, load_areas(self.engine)),
                Verdict("accepted", None, {}),
                source,
                declared,
                token,
            )


def delivery(rows: Sequence[Row], layer: Layer, boundaries: AdminAreas | None = None) -> Validated:
    """What validation would hand over for these rows, within these boundaries."""
    shapes = [_shape(row) for row in rows]
    names = pa.array([row.name for row in rows], pa.string())
    hashes = [
        hash_of("|".join(map(str, (row, shapely.to_wkt(shape) if shape else ""))))
        for row, shape in zip(rows, shapes, strict=True)
    ]
    accepted = pa.table(
        {
            "feature_id": pa.array([hash_of(row.key) for row in rows], pa.binary(16)),
            "content_hash": pa.array(hashes, pa.binary(16)),
            "source_key": pa.array([row.key for row in rows], pa.string()),
            "source_row": pa.array(range(1, len(rows) + 1), pa.int32()),
            "claimed_district_code": pa.array([row.district for row in rows], pa.string()),
            "claimed_subdistrict_code": pa.array([row.subdistrict for row in rows], pa.string()),
            "geom": pa.array(shapely.to_wkb(np.array(shapes, dtype=object)), pa.binary()),
            "name_th": names,
        }
    )
    assert "name_th" in layer.columns
    placed = Shapes.of(np.array(shapes, dtype=object))
    at = find_places(placed, layer, boundaries).at
    accepted = with_places(accepted, at, placed.missing, boundaries)
    return Validated(
        accepted=Spill.of(accepted),
        quarantined=Spill.of(
            pa.table(
                {
                    "source_row": pa.array([], pa.int32()),
                    "codes": pa.array([], pa.list_(pa.string())),
                    "raw": pa.array([], pa.string()),
                }
            )
        ),
        filtered=Spill.of(
            pa.table(
                {
                    "source_row": pa.array([], pa.int32()),
                    "reason_th": pa.array([], pa.string()),
                    "reason_en": pa.array([], pa.string()),
                }
            )
        ),
        issues=Spill.of(ISSUE_SCHEMA.empty_table()),
        rows_in=len(rows),
        rows_at_area=sum(shape is None for shape in shapes),
        rows_repaired=0,
        schema={"name": "string"},
        lineage={"boundaries": boundaries.fingerprint if boundaries else ""},
    )


def _shape(row: Row) -> shapely.Geometry | None:
    """Areas come in parts, as validation hands them over."""
    if row.shape is not None:
        return shapely.MultiPolygon([row.shape])
    return None if row.lon is None else shapely.Point(row.lon, row.lat)


def hash_of(text: str) -> bytes:
    import hashlib

    return hashlib.md5(text.encode(), usedforsecurity=False).digest()


def square(lon: float, lat: float, half: float = 0.01) -> shapely.Polygon:
    """A square around a point; degrees."""
    return shapely.box(lon - half, lat - half, lon + half, lat + half)


@pytest.fixture
def test_map(database: Callable[..., str]) -> TestMap:
    """The declarations of Bangkok in an empty database."""
    view = load_catalogue().map_view("bangkok")
    return TestMap(open_engine(database(view=view)), view)


@pytest.fixture
def city(test_map: TestMap) -> TestMap:
    """Two subdistricts side by side: 100101 in the west, 100202 in the east."""
    return with_subdistricts(test_map)


def with_subdistricts(test_map: TestMap) -> TestMap:
    """The map, with the subdistricts of `city`."""
    test_map.load(
        "subdistricts",
        [
            Row("100101", shape=square(100.49, 13.75), district="1001", subdistrict="100101"),
            Row("100202", shape=square(100.51, 13.75), district="1002", subdistrict="100202"),
        ],
    )
    return test_map
