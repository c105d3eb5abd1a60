"""The same road as a flow of a real Prefect server, and the states that it ends in."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import TaskRunFilter, TaskRunFilterFlowRunId
from prefect.client.schemas.objects import State
from prefect.client.schemas.sorting import TaskRunSort

from flows import scheduled
from flows.deployments import ENTRYPOINT
from flows.job import LEASE_WAIT_SECONDS, Job, RefreshResult
from flows.run_states import RefreshFailed
from geo.errors import DropsMissing
from tests.flows.conftest import SmallCity
from tests.flows.scheduling import eventually
from tests.flows.servers import PrefectServer

pytestmark = pytest.mark.slow

PARKS = "bangkok_parks"


def look(**parameters: Any) -> State[Any]:
    return scheduled.refresh_map("bangkok", return_state=True, **parameters)


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


@pytest.mark.usefixtures("prefect_api")
def test_refresh_map_is_a_flow_whose_tasks_say_the_layer(flown: SmallCity) -> None:
    state = look(due=True)
    assert (state.name, state.message) == ("Completed", "release 1; 4 accepted")
    result = state.result()
    assert isinstance(result, RefreshResult)
    assert result.release is not None and result.release.number == 1
    flow_run_id = state.state_details.flow_run_id
    assert flow_run_id is not None
    wanted = {"read bangkok_parks", "load parks from bangkok_parks", "unify", "publish"}
    eventually(lambda: wanted <= task_names(flow_run_id), "the tasks, which the server is told of")
    with get_client(sync_client=True) as client:
        assert client.read_flow_run(flow_run_id).name == "refresh bangkok"
    assert len(flown.scalars("select feature_id from onemap.parks")) == 20


@pytest.mark.usefixtures("prefect_api")
def test_what_is_not_due_is_not_looked_at(flown: SmallCity) -> None:
    look(due=True)
    flown.parks(19)
    quiet = look(due=True)
    assert quiet.name == "Completed"
    assert str(quiet.message).startswith("nothing is due until 20")
    assert str(quiet.message).endswith(":00 (Asia/Bangkok)")
    by_hand = look()
    assert by_hand.message == "release 2; 3 unchanged, 1 accepted", (
        "by hand everything is looked at"
    )


@pytest.mark.usefixtures("prefect_api", "flown")
def test_a_look_that_is_due_waits_longer_than_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    patience: list[float] = []

    def refresh(job: Job, **_: object) -> RefreshResult:
        patience.append(job.patience)
        return RefreshResult((), None)

    monkeypatch.setattr(scheduled.pipeline, "refresh", refresh)
    look(due=True)
    look()
    assert patience == [scheduled.PATIENCE_SECONDS, LEASE_WAIT_SECONDS]
    assert patience[0] > patience[1]


@pytest.mark.usefixtures("prefect_api")
def test_what_was_prepared_before_is_published_though_nothing_is_due(
    flown: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import pipeline

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "finish", lambda *_: RefreshResult((), None))
        look()
    assert flown.scalars("select count(*) from onemap.parks") == [0], "prepared, not published"
    assert look(due=True).message == "release 1"
    assert flown.scalars("select count(*) from onemap.parks") == [20]


@pytest.mark.usefixtures("prefect_api")
def test_a_refused_source_shows_in_the_flow_run(flown: SmallCity) -> None:
    flown.write("parks/public_park.csv", b"<html></html>")
    state = look()
    assert state.is_failed()
    head, line = str(state.message).splitlines()
    assert head == "release 1; 3 accepted, 1 refused"
    assert line.startswith(f"{PARKS}: refused: ")
    failure = state.result(raise_on_failure=False)
    assert isinstance(failure, RefreshFailed)
    assert {source.outcome for source in failure.result.sources} == {"accepted", "refused"}
    assert flown.scalars("select count(*) from onemap.subdistricts") == [2], "the rest is there"


@pytest.mark.usefixtures("prefect_api")
def test_a_hold_is_not_plainly_green(flown: SmallCity) -> None:
    look()
    flown.parks(5)
    state = look()
    assert state.is_completed()
    assert state.name == "Held"
    head, line = str(state.message).splitlines()
    assert head == "nothing new; 3 unchanged, 1 held"
    assert line.startswith(f"{PARKS}: held: ")
    assert str(look(due=True).message).endswith("; 1 held before, waiting for a person")


@pytest.mark.usefixtures("prefect_api")
def test_what_ends_a_run_before_its_begin_is_its_message(
    small_city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise DropsMissing(small_city.drops)

    monkeypatch.setattr(scheduled, "open_job", missing)
    state = look()
    assert state.is_failed()
    assert state.message == str(DropsMissing(small_city.drops))


def test_a_run_is_of_our_flow_and_its_failure_is_one_line(prefect_api: PrefectServer) -> None:
    with get_client(sync_client=True) as client:
        planned = client.create_flow_run(scheduled.refresh_map, parameters={"map_id": "atlantis"})
        deployment = client.create_deployment(
            planned.flow_id, "one-line", entrypoint="/nowhere/hostile.py:flow"
        )
        run = client.create_flow_run_from_deployment(deployment, parameters={"map_id": "atlantis"})
        result = subprocess.run(
            [sys.executable, "-m", "prefect.engine", str(run.id)],
            capture_output=True,
            text=True,
            env=os.environ
            | {"PREFECT_API_URL": prefect_api.api, "PREFECT__FLOW_ENTRYPOINT": ENTRYPOINT},
            check=False,
        )
        client.delete_deployment(deployment)
        state = client.read_flow_run(run.id).state
    assert state is not None and state.is_failed() and "atlantis" in str(state.message)
    beginning, view, end = result.stderr.splitlines()
    assert "Beginning flow run 'refresh atlantis'" in beginning and "View at" in view
    assert "there is no map `atlantis`" in end
