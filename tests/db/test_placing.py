"""Placing in Python says what PostGIS says: on the maps' own rows, and beside every boundary."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import shapely
from sqlalchemy import Connection, text

from flows.job import Job, RefreshResult
from geo.space import wkb
from geo.space.areas import AdminAreas
from geo.space.shapes import Shapes
from geo.store.boundaries import load_areas
from geo.store.database import connect
from schemas.models import Layer, Role

pytestmark = pytest.mark.slow

PLACED = """
    cross join lateral (
        select s.district_code, s.subdistrict_code
        from core.{subdistricts} s
        where s.release_to is null and st_dwithin(s.geom, l.spot, 0.0025)
          and (st_intersects(s.geom, l.spot)
               or st_distance(s.geom::geography, l.spot::geography) <= 250)
        order by st_distance(s.geom, l.spot), s.subdistrict_code
        limit 1
    ) a
"""
"""The rule in SQL: in the subdistrict that holds it, or the nearest within 250 m."""

A_HAIR = 1e-9
"""Degrees, 0.1 mm. PostGIS takes a spot this near to an edge for one on it, and so in both areas;
ours is exact (ADR 0018)."""

Codes = tuple[str | None, str | None]
Map = tuple[Job, RefreshResult]


@pytest.fixture(params=["sample_map", "bangkok_map"])
def some_map(request: pytest.FixtureRequest) -> Map:
    found: Map = request.getfixturevalue(request.param)
    return found


def areas_of(job: Job) -> AdminAreas:
    admin = load_areas(job.engine)
    assert admin is not None and admin.complete
    return admin


def rule(job: Job) -> str:
    layers = [layer.id for layer in job.view.layers if layer.role is Role.subdistrict]
    return PLACED.format(subdistricts=layers[0])


def placed(admin: AdminAreas, shapes: Shapes, claims: tuple[pa.Array, pa.Array]) -> list[Codes]:
    at = admin.subdistricts.at(shapes.spots(), near=True)
    district, subdistrict = admin.placed(at, *claims)
    return list(zip(district.to_pylist(), subdistrict.to_pylist(), strict=True))


def test_every_row_of_a_map_stands_where_postgis_would_place_it(some_map: Map) -> None:
    job, _ = some_map
    admin = areas_of(job)
    layers = [layer for layer in job.view.layers if layer.role in (Role.place, Role.area)]
    with connect(job.engine) as connection:
        for layer in layers:
            rows = _rows(connection, layer, rule(job))
            claims = pa.array([row[1] for row in rows]), pa.array([row[2] for row in rows])
            shapes = wkb.read(pa.array([row[0] for row in rows], pa.binary())).shapes
            texts = tuple(claim.cast(pa.string()) for claim in claims)
            wanted = [(row[3], row[4]) for row in rows]
            assert placed(admin, shapes, (texts[0], texts[1])) == wanted, layer.id
            assert [(row[5], row[6]) for row in rows] == wanted, f"as the {layer.id} are kept"


def _rows(connection: Connection, layer: Layer, lateral: str) -> list[tuple[object, ...]]:
    """(shape, what it claims, where PostGIS places it, where it is kept), two codes each."""
    query = f"""
        select st_asbinary(l.geom), l.claimed_district_code, l.claimed_subdistrict_code,
               case when p.feature_id is null then l.claimed_district_code else p.district_code end,
               case when p.feature_id is null then l.claimed_subdistrict_code
                    else p.subdistrict_code end,
               l.district_code, l.subdistrict_code
        from core.{layer.id} l
        left join (
            select l.feature_id, a.district_code, a.subdistrict_code
            from (select *, case when st_dimension(geom) = 0 then geom
                                 else st_pointonsurface(geom) end as spot
                  from core.{layer.id} where release_to is null and geom is not null) l {lateral}
        ) p using (feature_id)
        where l.release_to is null
    """
    return [tuple(row) for row in connection.execute(text(query))]


def test_beside_every_boundary_it_is_the_same(some_map: Map) -> None:
    """Spots on corners and edges, a hair off them, and up to 300 m away on either side."""
    job, _ = some_map
    admin = areas_of(job)
    spots = _beside(admin.subdistricts.shapes, np.random.default_rng(7))
    column = pa.array(shapely.to_wkb(shapely.points(spots)), pa.binary())
    nothing = pa.nulls(len(spots), pa.string())
    found = placed(admin, wkb.read(column).shapes, (nothing, nothing))
    with connect(job.engine) as connection:
        query = f"""
            select number - 1, a.district_code, a.subdistrict_code
            from (select number, st_geomfromwkb(spot, 4326) as spot
                  from unnest(cast(:spots as bytea[])) with ordinality as t (spot, number)) l
            {rule(job)}
        """
        rows = connection.execute(text(query), {"spots": column.to_pylist()}).all()
    wanted: list[Codes] = [(None, None)] * len(spots)
    for number, district, subdistrict in rows:
        wanted[number] = (district, subdistrict)
    other = [number for number in range(len(spots)) if found[number] != wanted[number]]
    for number in other:
        both = [code for _, code in (found[number], wanted[number])]
        drawn = admin.subdistricts.shapes[np.isin(admin.subdistricts.codes, both)]
        assert len(drawn) == 2
        assert shapely.distance(drawn, shapely.Point(spots[number])).max() < A_HAIR
    assert len(other) < 0.05 * len(spots)
    assert len(set(wanted)) > 20 and (None, None) in wanted, "inside, near, and of none"


def _beside(shapes: np.ndarray, random: np.random.Generator, count: int = 1_500) -> np.ndarray:
    """(count, 2) spots beside the rings of areas; half of them outside of all areas, or nearly."""
    whole = shapely.union_all(shapes)
    rings = [
        *shapely.get_rings(shapely.get_parts(shapes)),
        *shapely.get_rings(shapely.get_parts(whole)),
    ]
    starts = [shapely.get_coordinates(ring) for ring in random.choice(rings, count)]
    corner = [random.integers(len(ring) - 1) for ring in starts]
    one = np.array([ring[i] for ring, i in zip(starts, corner, strict=True)])
    other = np.array([ring[i + 1] for ring, i in zip(starts, corner, strict=True)])
    along = random.choice([0.0, 0.5, *random.random(8)], count)[:, None]
    away = random.choice([0.0, 1e-12, 1e-9, 1e-6, 1e-4, 0.001, 0.0021, 0.0024, 0.0027], count)
    angle = random.random(count) * 2 * np.pi
    step = away[:, None] * np.column_stack((np.cos(angle), np.sin(angle)))
    return np.asarray(one + along * (other - one) + step)
