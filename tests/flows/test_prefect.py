"""The same road as Prefect flows, on a real (temporary) Prefect server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import TaskRunFilter, TaskRunFilterFlowRunId
from prefect.client.schemas.sorting import DeploymentSort, TaskRunSort
from prefect.settings import PREFECT_API_SSL_CERT_FILE, PREFECT_API_URL, temporary_settings

from flows import scheduled, serving
from flows.deployments import deployments
from flows.job import RefreshResult
from schemas.catalogue import load_catalogue
from tests.flows.conftest import SmallCity

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from prefect.testing.utilities import prefect_test_harness  # six seconds, in each worker

    trusted = tmp_path_factory.mktemp("prefect") / "trusted.pem"
    trusted.write_text(one_certificate(), "ascii")
    with (
        pytest.MonkeyPatch.context() as patch,
        temporary_settings({PREFECT_API_SSL_CERT_FILE: str(trusted)}),
    ):
        patch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")  # it would tell its makers
        with prefect_test_harness(server_startup_timeout=120):
            yield str(PREFECT_API_URL.value())


def one_certificate() -> str:
    """Each of many clients would load all that the world trusts; the server here has no TLS."""
    end = "-----END CERTIFICATE-----"
    return certifi.contents().partition(end)[0] + end


@pytest.fixture
def opened(small_city: SmallCity, monkeypatch: pytest.MonkeyPatch) -> SmallCity:
    monkeypatch.setattr(scheduled, "open_job", lambda *_: small_city.job)
    monkeypatch.setattr(scheduled, "open_review", lambda *_: small_city.job)
    return small_city


def task_names(flow_run_id: object) -> set[str]:
    with get_client(sync_client=True) as client:
        runs = client.read_task_runs(
            task_run_filter=TaskRunFilter(
                flow_run_id=TaskRunFilterFlowRunId(any_=[flow_run_id])  # type: ignore[list-item]
            ),
            sort=TaskRunSort.NAME_ASC,
            limit=200,
        )
    return {run.name for run in runs}


@pytest.mark.usefixtures("server")
def test_refresh_map_is_a_flow_whose_tasks_say_the_layer(opened: SmallCity) -> None:
    state = scheduled.refresh_map("bangkok", return_state=True)
    assert state.is_completed(), state.message
    result = state.result()
    assert isinstance(result, RefreshResult)
    assert result.release is not None and result.release.number == 1
    names = task_names(state.state_details.flow_run_id)
    assert {"read bangkok_parks", "load parks from bangkok_parks", "unify", "publish"} <= names
    assert len(opened.scalars("select feature_id from onemap.parks")) == 20


@pytest.mark.usefixtures("server")
def test_a_refused_source_shows_in_the_flow_run(opened: SmallCity) -> None:
    opened.write("parks/public_park.csv", b"<html></html>")
    state = scheduled.refresh_map("bangkok", return_state=True)
    assert state.is_failed()
    assert "bangkok_parks" in str(state.message)
    assert opened.scalars("select count(*) from onemap.subdistricts") == [2], "the rest is there"


@pytest.mark.usefixtures("server")
def test_a_map_that_has_nothing_yet_publishes_nothing(opened: SmallCity) -> None:
    assert scheduled.publish_release("bangkok") is None
    assert opened.scalars("select count(*) from onemap.release") == [0]


@pytest.mark.usefixtures("server")
def test_one_source_and_then_a_publication(opened: SmallCity) -> None:
    for source_id in ("bangkok_districts", "bangkok_subdistricts", "bangkok_parks"):
        state = scheduled.ingest_source("bangkok", source_id, return_state=True)
        assert state.is_completed(), state.message
    assert opened.scalars("select count(*) from onemap.parks") == [0], "prepared, not published"
    assert scheduled.publish_release("bangkok") == 1
    assert opened.scalars("select count(*) from onemap.parks") == [20]


def test_every_deployment_of_a_map_is_registered_with_its_schedule(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", server)
    monkeypatch.chdir(Path(__file__).parents[2])
    everything = deployments(load_catalogue())
    listed = [one for one in everything if one.parameters["map_id"] == "bangkok"]
    names = serving.register(listed)
    assert len(names) == len(listed)
    with get_client(sync_client=True) as client:
        listing = client.read_deployments(limit=200, sort=DeploymentSort.NAME_ASC)
        found = {deployment.name: deployment for deployment in listing}
    assert {deployment.name for deployment in listed} <= set(found)
    (schedule,) = found["refresh-bangkok"].schedules
    assert schedule.schedule.cron == "0 3 * * *"  # type: ignore[union-attr]
    assert schedule.schedule.timezone == "Asia/Bangkok"
