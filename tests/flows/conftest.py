"""A small city in the form of real sources: two districts and subdistricts, parks, a hospital."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import certifi
import geopandas as gpd
import pytest
import shapely
import shapely.affinity
from sqlalchemy import text

from flows.job import Job, SourceOutcome
from flows.pipeline import refresh
from geo.settings import Settings
from geo.store.database import connect, open_engine
from schemas.catalogue import Catalogue, MapView, load_catalogue
from tests.flows.scheduling import EACH_MINUTE, Operator, Worker, eventually
from tests.flows.servers import PrefectServer, prefect_server
from tests.tiles import shallow

SOURCES = ("bangkok_districts", "bangkok_subdistricts", "bangkok_parks", "bangkok_hospitals")
CITY = [
    ("1001", "เขตพระนคร", "100101", "พระบรมมหาราชวัง", shapely.box(100.48, 13.74, 100.50, 13.76)),
    ("1002", "เขตดุสิต", "100202", "วชิรพยาบาล", shapely.box(100.50, 13.74, 100.52, 13.76)),
]


@dataclass
class SmallCity:
    """The drops of a small city, and the job that takes them in."""

    job: Job

    def parks(self, count: int, columns: str = "id,dcode,park_name,area") -> None:
        """The register of parks, with `count` rows."""
        rows = [f"{n},{1001 + n % 2},สวน {n},{1000 + n}" for n in range(1, count + 1)]
        self.write("parks/public_park.csv", "\n".join([columns, *rows]).encode())

    def hospital(self, name: str) -> None:
        """The register of hospitals, with one of this name."""
        row = f"{name},1001,ถนน,02,100,gov,13.75,100.49"
        header = "name,dcode,address,tel,num_bed,type,lat,lon"
        self.write("health/hospital/bkk_hospital.csv", f"{header}\n{row}\n".encode())

    def write(self, location: str, content: bytes) -> None:
        """One file of a drop."""
        path = self.drops / location
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    @property
    def drops(self) -> Path:
        assert self.job.drops is not None
        return self.job.drops

    def refresh(self) -> tuple[dict[str, SourceOutcome], int | None]:
        """Outcomes by source, and the number of the new release."""
        result = refresh(self.job)
        number = result.release.number if result.release else None
        return {source.source_id: source for source in result.sources}, number

    def scalars(self, query: str) -> list[object]:
        with connect(self.job.engine) as connection:
            return list(connection.scalars(text(query)))


@pytest.fixture
def small_city(
    cluster: Settings, database: Callable[..., str], quick_reader: None, tmp_path: Path
) -> SmallCity:
    """Twenty parks and one hospital, delivered and not yet taken in."""
    catalogue = load_catalogue()
    settings = replace(cluster, home=tmp_path)
    view = small_view(catalogue)
    engine = open_engine(database(view=view))
    job = Job(
        settings,
        view,
        catalogue.issue_codes,
        engine,
        tmp_path / "drops",
    )
    city = SmallCity(job)
    write_boundaries(city.drops)
    city.parks(20)
    city.hospital("โรงพยาบาลกลาง")
    return city


@pytest.fixture(scope="session")
def locked_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """Prefect's server in the environment of `make prefect-server`, with its pages.

    One for all tests that need a real one and leave it running, and they share an xdist worker: a
    test that stops its server makes one of its own (tests/flows/servers.py).
    """
    with prefect_server(tmp_path_factory.mktemp("prefect")) as server:
        yield server


@pytest.fixture(scope="module")
def prefect_api(
    locked_server: PrefectServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrefectServer]:
    """The same, with this process as its client: flows that are called here are its flow runs."""
    from prefect.settings import PREFECT_API_SSL_CERT_FILE, PREFECT_API_URL, temporary_settings

    trusted = tmp_path_factory.mktemp("client") / "trusted.pem"
    trusted.write_text(one_certificate(), "ascii")
    known = {PREFECT_API_URL: locked_server.api, PREFECT_API_SSL_CERT_FILE: str(trusted)}
    with temporary_settings(known), pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_API_URL", locked_server.api)
        yield locked_server


A_FEW = ["sample_districts", "sample_subdistricts", "sample_parks_register"]


@dataclass(frozen=True)
class ScheduledSample:
    """A few sources of the sample, deployed and due each minute, and the worker for them."""

    operator: Operator
    worker: Worker
    deployed: str
    registered: dict[str, Any]


@pytest.fixture(scope="module")
def scheduled_sample(
    locked_server: PrefectServer,
    lasting_database: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ScheduledSample]:
    """Begun once for the module; its run goes on while the tests do."""
    home = tmp_path_factory.mktemp("scheduled")
    operator = Operator(locked_server, home, lasting_database("scheduled"))
    with operator.worker() as worker:
        eventually(lambda: "nothing to serve" in worker.said(), "the worker")
        result = operator.run("deploy", "--map", "sample")
        assert result.returncode == 0, result.stderr
        registered = operator.deployments()["refresh-sample"]
        operator.edit("refresh-sample", parameters=registered["parameters"] | {"only": A_FEW})
        operator.edit_schedule("refresh-sample", schedule=EACH_MINUTE, active=True)
        yield ScheduledSample(operator, worker, result.stdout, registered)


def one_certificate() -> str:
    """Each of many clients would load all that the world trusts; the server here has no TLS."""
    end = "-----END CERTIFICATE-----"
    return certifi.contents().partition(end)[0] + end


def small_view(catalogue: Catalogue) -> MapView:
    """The map of Bangkok with four of its sources."""
    view = shallow(catalogue.map_view("bangkok"))
    return replace(view, sources=tuple(s for s in view.sources if s.id in SOURCES))


def write_boundaries(drops: Path, shift: float = 0.0) -> None:
    """Districts and subdistricts, as the agency's shapefiles; moved east by `shift` degrees."""
    codes, names, subcodes, subnames, drawn = zip(*CITY, strict=True)
    shapes = [shapely.affinity.translate(shape, xoff=shift) for shape in drawn]
    districts = {"dcode": codes, "dname": names, "dname_e": ["A", "B"], "AREA": [1.0, 1.0]}
    _shapefile(drops / "boundaries/bma/bangkok_district.zip", districts, shapes, "EPSG:4326")
    subdistricts = {
        "SUBDISTRIC": subcodes,
        "SUBDISTR_1": subnames,
        "DISTRICT_I": codes,
        "Shape_Area": [4e6, 4e6],
    }
    _shapefile(
        drops / "boundaries/bma/BMA_ADMIN_SUB_DISTRICT.shp", subdistricts, shapes, "EPSG:32647"
    )


def _shapefile(
    path: Path, columns: dict[str, Sequence[object]], shapes: Sequence[object], crs: str
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = gpd.GeoDataFrame(columns, geometry=list(shapes), crs="EPSG:4326").to_crs(crs)
    if path.suffix == ".shp":
        frame.to_file(path, encoding="utf-8")
        return
    folder = path.with_suffix("")
    folder.mkdir(exist_ok=True)
    frame.to_file(folder / "layer.shp", encoding="utf-8")
    shutil.make_archive(str(folder), "zip", folder)
    shutil.rmtree(folder)


@pytest.fixture
def flown(small_city: SmallCity, monkeypatch: pytest.MonkeyPatch) -> SmallCity:
    """The flows of Prefect work on the small city; its progress goes where the flow sends it."""
    from flows import scheduled

    def open_job(*arguments: Any) -> Job:
        return replace(small_city.job, progress=arguments[3])

    monkeypatch.setattr(scheduled, "open_job", open_job)
    return small_city
