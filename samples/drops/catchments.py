"""Catchments of the health centres: CP874 labelled `OEM 874`, zipped by a Thai Windows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from samples import datum
from samples.city import City
from samples.formats.archives import write_zip
from samples.formats.shapes import shapefile_parts
from samples.places import Spots
from samples.register import Register
from samples.truth import SourceTruth

Shapes = NDArray[np.object_]

CATCHMENTS = 68
STRETCH, CROSSING_M2 = 12, 500.0  # vertices, and how much a crossing has to change
TEETH = 100_010  # of a comb: two vertices each, more than one feature may have


def write_catchments(
    folder: Path, city: City, centres: Spots, names: Shapes, random: np.random.Generator
) -> SourceTruth:
    """One catchment for each of the first 68 centres, and three that cannot be used."""
    shapes = _shares(city, centres)
    spare = 3
    codes = [f"{number:02d}" for number in range(1, CATCHMENTS + spare + 1)]
    register = Register(
        "sample_health_catchments",
        {
            "HCID": codes,
            "HC_NAME": [f"พื้นที่ {name}" for name in names[:CATCHMENTS]] + ["พื้นที่ทดลอง"] * spare,
        },
        key="HCID",
        random=random,
        districts=np.full(len(codes), None, dtype=object),
        unplaced_at="exact",
    )
    shapes = np.concatenate([shapes, np.full(spare, None, dtype=object)])
    real = np.arange(len(codes)) < CATCHMENTS
    single = (shapely.get_type_id(shapes) == 3) & real
    short = register.pick("leading_zero_lost", 1, [code == "07" for code in codes])
    register.say(short, "HCID", "7")
    register.issue(short, "value_pattern")
    everyone = np.flatnonzero(real)
    register.expect(everyone, "name_th", register.columns["HC_NAME"][everyone])
    register.expect(everyone, "centre_code", register.columns["HCID"][everyone])
    crossed = register.pick("bow_tie", 3, single)
    shapes[crossed] = [_crossed(shape) for shape in shapes[crossed]]
    register.issue(crossed, "geometry_invalid_repaired")
    _plant_useless(register, shapes, ~real)
    area = {"SHAPE_AREA": np.zeros(len(codes))}
    parts = shapefile_parts(
        shapes,
        register.columns | area,
        epsg=32647,
        geometry_type="Polygon",
        encoding="cp874",
        cpg="OEM 874",
    )
    members = {f"พื้นที่รับผิดชอบ{suffix}": content for suffix, content in parts.items()}
    write_zip(folder / "health" / "health_area.zip", members, thai_windows=True)
    return register.finish()


def _shares(city: City, centres: Spots) -> Shapes:
    """Subdistricts go to the nearest centre; each centre has at least the one that it is in.

    One subdistrict goes to the first centre, the farthest from it: a catchment of two parts.
    """
    sites = datum.utm_47n(centres.lon[:CATCHMENTS], centres.lat[:CATCHMENTS])
    middles = shapely.get_coordinates(shapely.centroid(city.subdistrict_polygons))
    metres = np.linalg.norm(middles[:, None] - sites, axis=2)
    nearest = metres.argmin(axis=1)
    own = centres.area[:CATCHMENTS]
    free = np.setdiff1d(np.arange(len(middles)), own)
    nearest[free[metres[free, 0].argmax()]] = 0
    nearest[own] = np.arange(CATCHMENTS)
    groups = [city.subdistrict_polygons[nearest == i] for i in range(CATCHMENTS)]
    return np.array([shapely.coverage_union_all(group) for group in groups], dtype=object)


def _crossed(shape: shapely.Polygon) -> shapely.Polygon:
    """A stretch of the ring digitised backwards, so that it crosses itself."""
    ring = shapely.get_coordinates(shape)
    for start in range(1, len(ring) - STRETCH, STRETCH):
        turned = ring.copy()
        turned[start : start + STRETCH] = ring[start : start + STRETCH][::-1]
        crossed = shapely.Polygon(turned)
        lost = shape.area - shapely.make_valid(crossed, method="structure").area
        if not crossed.is_valid and abs(lost) > CROSSING_M2:
            return crossed
    raise ValueError("no stretch of this catchment crosses itself when it is turned round")


def _plant_useless(register: Register, shapes: Shapes, where: NDArray[np.bool_]) -> None:
    flat = register.pick("polygon_without_area", 1, where)
    there, back = (670_000, 1_520_000), (672_000, 1_521_000)
    shapes[flat] = shapely.Polygon([there, back, back, there])
    register.quarantine(flat, "geometry_unrepairable")
    comb = register.pick("too_many_vertices", 1, where)
    shapes[comb] = _comb()
    register.quarantine(comb, "geometry_too_many_vertices")
    absent = register.pick("no_shape", 1, where)
    register.quarantine(absent, "place_missing")


def _comb() -> shapely.Polygon:
    along = 665_000 + np.arange(2 * TEETH) * 0.0625
    up = 1_520_000 + np.tile([0.0, 50.0], TEETH)
    teeth = np.column_stack([along, up])
    return shapely.Polygon(np.vstack([teeth, [along[-1], 1_519_000], [along[0], 1_519_000]]))
