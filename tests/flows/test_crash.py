"""kill -9, of the run and of the database server, at random moments.

Afterwards readers see the old release or the new one, whole, and the next run mends the rest. The
number of tries is bounded; the seed of the moments is printed, so that a failure can be repeated.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.synchronize import Event
from pathlib import Path

import pyogrio
import pytest
from sqlalchemy import text

from flows.job import Job
from flows.pipeline import refresh
from geo.issues import IssueCatalogue
from geo.settings import Settings, project_folder
from geo.store.database import connect, open_engine
from schemas.catalogue import load_catalogue
from server import cluster as private_cluster
from server.cluster import ensure_database
from tests.flows.conftest import SmallCity, small_view, write_boundaries

pytestmark = pytest.mark.slow

TRIES_OF_THE_RUN = 5
TRIES_OF_THE_SERVER = 3
SEED = int(os.environ.get("ONEMAP_CRASH_SEED", random.SystemRandom().randrange(10**6)))


def open_city(settings: Settings) -> SmallCity:
    """The small city in a cluster of its own, which may be killed."""
    declared = load_catalogue()
    engine = open_engine(ensure_database(settings, "bangkok"))
    catalogue = IssueCatalogue(declared.issue_codes)
    job = Job(settings, small_view(declared), catalogue, engine, settings.home / "drops")
    return SmallCity(job)


def refresh_in_a_child(settings: Settings, began: Event) -> None:
    city = open_city(settings)
    began.set()
    refresh(city.job)


@pytest.fixture
def city() -> Iterator[SmallCity]:
    home = Path(tempfile.mkdtemp(prefix="onemap-crash-"))
    home.chmod(0o711)
    settings = Settings(project=project_folder(), home=home)
    city = open_city(settings)
    write_boundaries(city.drops)
    deliver(city, 1)
    yield city
    city.job.engine.dispose()
    private_cluster.reset(settings, confirmed=True)
    shutil.rmtree(home)


def deliver(city: SmallCity, version: int) -> None:
    """Every register in one version; the version stands in every name."""
    count = 20 + version % 3
    rows = [f"{n},{1001 + n % 2},สวนรุ่น{version},{1000 + n}" for n in range(count)]
    city.write("parks/public_park.csv", "\n".join(["id,dcode,park_name,area", *rows]).encode())
    hospital = f"โรงพยาบาล,1001,รุ่น{version},02,100,gov,13.75,100.49"
    header = "name,dcode,address,tel,num_bed,type,lat,lon"
    city.write("health/hospital/bkk_hospital.csv", f"{header}\n{hospital}".encode())


def version_that_readers_see(city: SmallCity) -> int:
    """The one version in every table and every file of the current release."""
    with connect(city.job.engine) as connection:
        release = connection.scalar(text("select release from onemap.release where is_current"))
        parks = connection.scalars(text("select name_th from onemap.parks")).all()
        address = connection.scalar(text("select address from onemap.hospitals"))
    (version,) = {int(name.removeprefix("สวนรุ่น")) for name in parks}
    assert address == f"รุ่น{version}", "two layers of one release are of one version"
    assert len(parks) == 20 + version % 3
    folder = city.job.settings.releases / "bangkok" / str(release)
    assert (folder / "manifest.json").is_file()
    _, table = pyogrio.read_arrow(folder / "data" / "parks.gpkg", read_geometry=False)
    assert set(table["name_th"].to_pylist()) == {f"สวนรุ่น{version}"}
    assert table.num_rows == len(parks)
    return version


def seconds_of_a_refresh(city: SmallCity) -> float:
    started = time.monotonic()
    refresh(city.job)
    return time.monotonic() - started


def kill_while_refreshing(city: SmallCity, delay: float, victim: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    began = spawn.Event()
    child = spawn.Process(target=refresh_in_a_child, args=(city.job.settings, began))
    child.start()
    assert began.wait(60)
    time.sleep(delay)
    if victim == "run":
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
    else:
        server = private_cluster.status(city.job.settings).pid
        assert server is not None
        os.kill(server, signal.SIGKILL)
    child.join(60)
    if child.is_alive():
        child.kill()
    private_cluster.start(city.job.settings)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("victim", "tries"), [("run", TRIES_OF_THE_RUN), ("server", TRIES_OF_THE_SERVER)]
)
def test_readers_see_the_old_release_or_the_new_one(
    city: SmallCity, victim: str, tries: int
) -> None:
    moments = random.Random(SEED)
    print(f"ONEMAP_CRASH_SEED={SEED}")
    refresh(city.job)
    deliver(city, 2)
    duration = seconds_of_a_refresh(city)
    for version in range(3, 3 + tries):
        deliver(city, version)
        kill_while_refreshing(city, moments.uniform(0, duration), victim)
        assert version_that_readers_see(city) in (version - 1, version)
        mended = refresh(city.job)
        assert mended.ended_well, mended.sources
        assert version_that_readers_see(city) == version
    with connect(city.job.engine) as connection:
        assert connection.scalar(text("select count(*) from meta.lease")) == 0
        running = text("select count(*) from meta.run where outcome = 'running'")
        assert connection.scalar(running) == 0
        overlaps = text(
            """
            select count(*) from core.parks a join core.parks b using (feature_id)
            where a.release_from < b.release_from
              and (a.release_to is null or a.release_to > b.release_from)
            """
        )
        assert connection.scalar(overlaps) == 0
