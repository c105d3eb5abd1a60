"""Formats of shapes: 300 damaged variants each lose no row unseen.

Each is held against a count of the damaged bytes that is made here: of words, or of places that
the undamaged file is known to have. A crash of GDAL is a refusal, as it is in a reading child.
"""

from __future__ import annotations

import json
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import pytest

from tests.damage.damage import BYTES, TEXT, Damage, damaged
from tests.damage.gdal import GdalWorker
from tests.damage.reading import Outcome
from tests.unit.deliveries import geojson, kml, placemark, point_feature, shapefile

pytestmark = pytest.mark.slow

ROWS = 300
NAMES = [f"สวน {n:04}" for n in range(ROWS)]
PAGE = 4_096


def outcomes(
    format: str, file: str, whole: bytes, kinds: tuple[Damage, ...], **others: bytes
) -> list[tuple[str, bytes, Outcome]]:
    """What became of the undamaged file, and of each variant."""
    members = {f"x.{suffix}": content for suffix, content in others.items()}
    variants = [("whole", whole), *damaged(whole, kinds, 300 if not others else 100)]
    worker = GdalWorker(format)
    try:
        return [
            (name, content, worker.read(format, {file: content} | members))
            for name, content in variants
        ]
    finally:
        worker.close()


def hold(found: list[tuple[str, bytes, Outcome]], count: Callable[[bytes], int]) -> None:
    """No variant has fewer records than the count, unless it was refused."""
    (_, whole, first), *rest = found
    assert (first.refused, len(first.rows), count(whole)) == (None, ROWS, ROWS)
    lost = [
        (name, outcome.accounted, count(content))
        for name, content, outcome in rest
        if outcome.refused is None and outcome.accounted < count(content)
    ]
    assert not lost
    refusals = Counter(outcome.refused for _, _, outcome in rest)
    assert 0 < refusals[None] < len(rest), refusals  # neither all nor none was read


def test_geojson() -> None:
    whole = geojson([point_feature(100 + n / ROWS, 13, name=name) for n, name in enumerate(NAMES)])
    found = outcomes("geojson", "x.geojson", whole, TEXT)
    hold(found, lambda content: content.count(b'"type": "Feature"'))


def test_esri_json() -> None:
    features: list[dict[str, Any]] = [
        {"attributes": {"OBJECTID": n, "NAME": name}, "geometry": {"x": n, "y": n}}
        for n, name in enumerate(NAMES)
    ]
    whole = {"geometryType": "esriGeometryPoint", "spatialReference": {"wkid": 32647}}
    whole |= {"features": features}
    content = json.dumps(whole, ensure_ascii=False).encode()
    found = outcomes("esri_json", "x.json", content, TEXT)
    hold(found, lambda content: content.count(b'"attributes": {'))


def test_kml() -> None:
    marks = [placemark(name, 100 + n / ROWS, 13) for n, name in enumerate(NAMES)]
    body = "".join(f"<Folder>{''.join(marks[n : n + 30])}</Folder>" for n in range(0, ROWS, 30))
    found = outcomes("kml", "x.kml", kml(body), TEXT)
    hold(found, lambda content: content.count(b"<Placemark>"))


def page_zeroed(chance: random.Random, content: bytes) -> bytes:
    """One page of the database that was never written."""
    page = chance.randrange(len(content) // PAGE) * PAGE
    return content[:page] + bytes(PAGE) + content[page + PAGE :]


def page_repeated(chance: random.Random, content: bytes) -> bytes:
    """One page with the content of another."""
    page, other = (chance.randrange(len(content) // PAGE) * PAGE for _ in range(2))
    return content[:page] + content[other : other + PAGE] + content[page + PAGE :]


def test_geopackage() -> None:
    points = geopandas.points_from_xy(range(ROWS), range(ROWS))
    frame = geopandas.GeoDataFrame({"name": NAMES}, geometry=points, crs=32647)
    with tempfile.TemporaryDirectory() as folder:
        frame.to_file(Path(folder) / "x.gpkg", layer="x")
        whole = (Path(folder) / "x.gpkg").read_bytes()
    found = outcomes("geopackage", "x.gpkg", whole, (*BYTES, page_zeroed, page_repeated))
    name = re.compile(re.escape("สวน ".encode()) + rb"\d{4}")
    hold(found, lambda content: len(set(name.findall(content))))


SHAPES = shapefile([(b"NAME", 40)], [[name.encode()] for name in NAMES])
DBF_START, DBF_WIDTH, SHP_START, SHP_RECORD = 33 + 32, 41, 100, 28


def records_of(parts: dict[str, bytes]) -> int:
    """Records by the places that the undamaged parts have, without those that are marked gone."""
    table = parts[".dbf"][DBF_START:]
    live = table[::DBF_WIDTH][: len(table) // DBF_WIDTH]
    shapes = (len(parts[".shp"]) - SHP_START) // SHP_RECORD
    return max(len(live), shapes) - live.count(b"*")


@pytest.mark.parametrize("damaged_part", [".shp", ".shx", ".dbf"])
def test_shapefile(damaged_part: str) -> None:
    others = {suffix[1:]: part for suffix, part in SHAPES.items() if suffix != damaged_part}
    found = outcomes("shapefile", f"x{damaged_part}", SHAPES[damaged_part], BYTES, **others)
    hold(found, lambda content: records_of(SHAPES | {damaged_part: content}))
