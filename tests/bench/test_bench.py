"""The bench: its layers are as they are said to be, it loads them, and says what was missed."""

from __future__ import annotations

from pathlib import Path

import pyogrio
import pytest
import shapely

from bench import goals, layers, load, measure, report
from bench.server import Server

ROWS = 2_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for layers."""
    return tmp_path_factory.mktemp("layers")


def test_points_lie_in_the_city_most_of_them_in_crowds(folder: Path) -> None:
    _, _, wkb, _ = pyogrio.raw.read(layers.write("points", ROWS, "gpkg", folder))
    shapes = shapely.from_wkb(wkb)
    west, south, east, north = shapely.total_bounds(shapes)
    near, _ = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=600)
    neighbours = len(near) / ROWS
    crowd = ROWS * layers.CLUSTERED / layers.CLUSTERS
    assert len(shapes) == ROWS
    assert (620_000 < west < east < 720_000) and (1_490_000 < south < north < 1_560_000)
    assert crowd / 2 < neighbours < 2 * crowd


def test_one_in_a_hundred_polygons_is_a_bow_tie_and_one_has_a_hole(folder: Path) -> None:
    _, _, wkb, _ = pyogrio.raw.read(layers.write("polygons", ROWS, "shp", folder))
    shapes = shapely.from_wkb(wkb)
    assert 0.004 < (~shapely.is_valid(shapes)).mean() < 0.02
    assert 0.004 < (shapely.get_num_interior_rings(shapes) == 1).mean() < 0.02
    assert (folder / "polygons.cpg").read_text("ascii") == "874"


@pytest.mark.parametrize("edit", ["spread", "together"])
def test_an_edit_touches_one_per_cent(folder: Path, edit: layers.Edit) -> None:
    def read(edited: layers.Edit | None) -> tuple[list[object], list[object]]:
        path = layers.write("points", ROWS, "gpkg", folder, edited)
        _, _, wkb, (areas,) = pyogrio.raw.read(path, columns=["AREA"])
        return areas.tolist(), wkb.tolist()

    (areas, shapes), (other_areas, other_shapes) = read(None), read(edit)
    changed = [a != b for a, b in zip(areas, other_areas, strict=True)]
    assert abs(sum(changed) - ROWS / 100) <= 1
    assert changed == [a != b for a, b in zip(shapes, other_shapes, strict=True)]


def test_cpu_of_a_program_is_counted_and_its_failure_is_told() -> None:
    busy = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    ran = measure.run(["python3", "-c", busy], postmaster=1, environment={})
    assert ran.cost.client_cpu >= 0.3
    assert ran.cost.peak_mb["client"] > 1
    with pytest.raises(measure.Failed, match="no such thing"):
        measure.run(["bash", "-c", "echo no such thing; exit 3"], postmaster=1, environment={})


def test_growth_in_proportion_has_exponent_one() -> None:
    assert goals.exponent([100, 1_000, 10_000], [2.0, 20.0, 200.0]) == pytest.approx(1)
    assert goals.exponent([100, 1_000], [2.0, 63.2]) == pytest.approx(1.5, abs=0.01)


@pytest.mark.parametrize(("seconds", "met"), [(0.69, True), (0.71, False)])
def test_a_goal_that_is_missed_is_said_so(seconds: float, met: bool) -> None:
    (goal,) = goals.goals({"start": [{"command": "onemap status", "seconds": seconds}]})
    assert goal.met is met


def test_the_page_is_made_of_what_is_stored() -> None:
    """Whoever measures anew writes the page with it: `python -m bench.report`."""
    assert report.page() == (report.DOCS / "performance.md").read_text("utf-8")


@pytest.mark.slow
def test_the_bench_loads_its_layers(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    server = Server(tmp_path / "state", tmp_path / "drops")
    try:
        server.prepare()
        found = load.grown(server, "polygons", [500], "gpkg", print)
    finally:
        server.stop()
    (one,) = found
    assert one["said"]["published"] == one["rows"] == 500
    assert one["server_cpu"] > 0 and one["peak_mb"]["client"] > 50
