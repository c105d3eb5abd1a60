"""Memory of every process is flat: three times the rows take hardly more, parent or child."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FEW, MANY = 140_000, 420_000
"""Both are of more batches than are in hand at once: one that is read, and one before it."""
MOST_MORE = 1.2
"""What three times the rows may take, as a share: keys and hashes are kept whole, little else."""
MOST_BYTES = 1 << 30
SUFFIXES = {"geopackage": (".gpkg",), "shapefile": (".shp", ".shx", ".dbf", ".prj")}

ROAD = """
import json, resource, sys
from pathlib import Path
from flows.streaming import Declared, stream
from geo.read import read
from geo.survey import survey
from tests.unit.heart import AREA, CATALOGUE, city, layer, source
format, *paths = sys.argv[1:]
raw = read({Path(path).name: Path(path) for path in paths}, format)
by = source({"name_th": "name", "beds": "beds"}, origin="file", crs="EPSG:4326")
of = layer({"beds": {"type": "integer"}})
found = stream(survey(raw, by, of), Declared(by, of, AREA, CATALOGUE), city())
most = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([found.accepted.num_rows, int(most[0].split()[1]) << 10, child << 10]))
"""


def deliver(folder: Path, format: str, rows: int) -> list[str]:
    """Points with an id, a Thai name that is long enough to weigh, and a number."""
    numbers = np.arange(rows)
    spots = shapely.points(100.48 + numbers % 1000 * 3e-5, 13.741 + numbers // 1000 % 90 * 1e-4)
    names = pa.array(np.char.add("โรงพยาบาลส่งเสริมสุขภาพ ", numbers.astype(str)).tolist())
    columns = {"id": pa.array(numbers), "name": names, "beds": pa.array(numbers % 500)}
    table = pa.table({**columns, "geometry": pa.array(shapely.to_wkb(spots), pa.binary())})
    path = folder / f"{rows}{SUFFIXES[format][0]}"
    where = {"geometry_name": "geometry", "geometry_type": "Point", "crs": "EPSG:4326"}
    pyogrio.write_arrow(table, path, encoding="UTF-8" if format == "shapefile" else None, **where)
    return [str(path.with_suffix(suffix)) for suffix in SUFFIXES[format]]


def most_memory(format: str, paths: list[str], rows: int) -> tuple[int, int]:
    """Bytes that the parent and its child had at the most."""
    done = subprocess.run(
        [sys.executable, "-c", ROAD, format, *paths], capture_output=True, text=True, check=True
    )
    accepted, parent, child = json.loads(done.stdout)
    assert accepted == rows
    return parent, child


@pytest.mark.parametrize("format", SUFFIXES)
def test_three_times_the_rows_take_hardly_more(tmp_path: Path, format: str) -> None:
    few = most_memory(format, deliver(tmp_path, format, FEW), FEW)
    many = most_memory(format, deliver(tmp_path, format, MANY), MANY)
    for process, less, more in zip(("parent", "child"), few, many, strict=True):
        said = f"{process}: {less >> 20} -> {more >> 20} MiB"
        print(said)
        assert more < MOST_MORE * less and more < MOST_BYTES, said
