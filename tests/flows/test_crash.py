"""kill -9, of the run and of the database server, at random moments.

Afterwards readers see the old release or the new one, whole, and the next run mends the rest. The
number of tries is bounded; the seed of the moments is printed, so that a failure can be repeated.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyogrio
import pytest
from sqlalchemy import text

from flows import engine
from flows.job import Job
from flows.pipeline import refresh
from geo.reading import handed
from geo.settings import Settings, project_folder
from geo.store import staging
from geo.store.database import connect, open_engine
from geo.validate import Settling
from schemas.catalogue import load_catalogue
from server import cluster as private_cluster
from server.cluster import ensure_database
from tests.conftest import quick_folder
from tests.flows.conftest import SmallCity, small_view, write_boundaries
from tests.warm import Forked, WarmProcess, warm_process

pytestmark = pytest.mark.slow

TRIES_OF_THE_RUN = 5
TRIES_OF_THE_SERVER = 3
BEGAN = "began\n"
SEED = int(os.environ.get("ONEMAP_CRASH_SEED", random.SystemRandom().randrange(10**6)))


def open_city(settings: Settings) -> SmallCity:
    """The small city in a cluster of its own, which may be killed."""
    declared = load_catalogue()
    database = open_engine(ensure_database(settings, "bangkok"))
    catalogue = declared.issue_codes
    job = Job(settings, small_view(declared), catalogue, database, settings.home / "drops")
    return SmallCity(job)


def settings_of(home: Path) -> Settings:
    return Settings(project=project_folder(), home=home)


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmProcess]:
    """Forks what `__main__` does below."""
    environment = os.environ | {"PYTHONPATH": str(project_folder())}
    with warm_process(["tests.flows.conftest"], environment) as warm:
        yield warm


@pytest.fixture
def city(quick_reader: None) -> Iterator[SmallCity]:
    """In memory: what is killed are processes, and not the machine."""
    home = Path(tempfile.mkdtemp(prefix="onemap-crash-", dir=quick_folder()))
    home.chmod(0o711)
    settings = settings_of(home)
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


def refresh_in_a_child(warm: WarmProcess, city: SmallCity, *more: str) -> Forked:
    """A process that begins to refresh the city, with readers that are started, now.

    `more`: at which place it kills itself, and where its temporary files are.
    """
    began, opened = os.pipe()
    with os.fdopen(began, "rb") as answer, os.fdopen(opened, "wb") as stdout:
        child = warm.popen(
            [sys.executable, "-m", __name__, str(city.job.settings.home), *more],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=sys.__stderr__.buffer,
            env=os.environ,
            cwd=project_folder(),
            start_new_session=True,
        )
        stdout.close()
        assert answer.readline() == BEGAN.encode()
    return child


def seconds_of_a_refresh(warm: WarmProcess, city: SmallCity) -> float:
    child = refresh_in_a_child(warm, city)
    started = time.monotonic()
    assert child.wait(60) == 0
    return time.monotonic() - started


def kill_while_refreshing(warm: WarmProcess, city: SmallCity, delay: float, victim: str) -> None:
    child = refresh_in_a_child(warm, city)
    time.sleep(delay)
    if victim == "run":
        with suppress(ProcessLookupError):  # it was quick, and has ended
            os.kill(child.pid, signal.SIGKILL)
    else:
        server = private_cluster.status(city.job.settings).pid
        assert server is not None
        os.kill(server, signal.SIGKILL)
    child.wait(60)
    private_cluster.start(city.job.settings)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("victim", "tries"), [("run", TRIES_OF_THE_RUN), ("server", TRIES_OF_THE_SERVER)]
)
def test_readers_see_the_old_release_or_the_new_one(
    warm: WarmProcess, city: SmallCity, victim: str, tries: int
) -> None:
    moments = random.Random(SEED)
    print(f"ONEMAP_CRASH_SEED={SEED}")
    refresh(city.job)
    deliver(city, 2)
    duration = seconds_of_a_refresh(warm, city)
    for version in range(3, 3 + tries):
        deliver(city, version)
        kill_while_refreshing(warm, city, moments.uniform(0, duration), victim)
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


PLACES: dict[str, tuple[Any, str]] = {
    "survey": (handed.Intake, "_look_at"),  # a batch was checked, and is not set aside
    "stream": (Settling, "add"),  # a batch is set aside, and nothing is judged
    "copy": (staging, "_copy"),  # rows are in the stage, and not in history
}


def die_at(place: str) -> None:
    """This process is killed when it has done this for the first time."""
    owner, name = PLACES[place]
    whole = getattr(owner, name)

    def instead(*given: Any) -> None:
        whole(*given)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, instead)


@pytest.mark.timeout(900)
def test_a_run_killed_in_the_survey_the_stream_or_the_copy_leaves_nothing(
    warm: WarmProcess, city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = city.job.settings.home / "scratch"
    scratch.mkdir(mode=0o711)
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    refresh(city.job)
    for version, place in enumerate(PLACES, start=2):
        deliver(city, version)
        child = refresh_in_a_child(warm, city, place, str(scratch))
        assert child.wait(60) == -signal.SIGKILL, place
        assert version_that_readers_see(city) == version - 1
        nothing_is_staged(city)
        left = list(scratch.iterdir())
        assert all(path.name.startswith("onemap-job-") for path in left), "what waits has no name"
        assert left or place != "survey", "the files of the delivery that was read"
        for path in left:
            os.utime(path, (0, 0))
        assert refresh(city.job).ended_well
        assert version_that_readers_see(city) == version
        assert list(scratch.iterdir()) == [], "what was left went with the next reading"
    with connect(city.job.engine) as connection:
        ended = text(
            "select outcome from meta.run where source_id = 'bangkok_parks' order by run_id"
        )
        outcomes = connection.scalars(ended).all()
    assert outcomes == ["accepted", *["fault", "accepted"] * len(PLACES)]


def nothing_is_staged(city: SmallCity) -> None:
    """No table of a session is left, and no version of a release that nobody publishes."""
    temporary = text("select count(*) from pg_class where relpersistence = 't' and relkind = 'r'")
    coming = text(
        "select count(*) from core.parks"
        " where release_from > (select max(release) from onemap.release)"
    )
    started = time.monotonic()
    with connect(city.job.engine) as connection:
        while connection.scalar(temporary) and time.monotonic() - started < 20:
            time.sleep(0.05)  # the server takes its moment to see that a client is gone
        assert connection.scalar(temporary) == connection.scalar(coming) == 0


if __name__ == "__main__":
    engine.RETRY_DELAYS = (0.1, 0.1)  # a server that was killed does not come back meanwhile
    job = open_city(settings_of(Path(sys.argv[1]))).job
    if len(sys.argv) > 2:
        die_at(sys.argv[2])
        tempfile.tempdir = sys.argv[3]
    sys.stdout.write(BEGAN)
    sys.stdout.flush()
    sys.exit(not refresh(job).ended_well)
