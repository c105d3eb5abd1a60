"""What happens by itself: a real server plans a run, a real worker makes it, a map is published.

The run takes its time, and the tests before the last ones use that: they look at what is there
meanwhile.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from playwright.sync_api import expect, sync_playwright
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.states import Scheduled

from flows import scheduled
from flows.deployments import ENTRYPOINT, Deployment
from flows.registering import register
from flows.working import overtaken
from scripts.screenshot import CHROMIUM, FLAGS
from tests.flows.conftest import A_FEW, ScheduledSample
from tests.flows.scheduling import EACH_MINUTE, eventually, session_is_empty
from tests.flows.servers import PrefectServer

pytestmark = pytest.mark.slow

SAMPLE = "refresh-sample"
OTHERS_DEPLOYMENT = "somebody-elses"
EDITED = {"cron": "0 6 * * 1", "timezone": "Asia/Bangkok"}


def as_set(deployment: dict[str, Any]) -> dict[str, Any]:
    """A deployment without what says whether a worker asks for it."""
    return {k: v for k, v in deployment.items() if k not in ("status", "last_polled", "updated")}


def test_deploy_registers_a_look_every_hour(scheduled_sample: ScheduledSample) -> None:
    assert scheduled_sample.deployed == "registered: refresh-sample\n"
    found = scheduled_sample.registered
    (schedule,) = found["schedules"]
    assert (schedule["active"], found["paused"]) == (True, False)
    assert schedule["schedule"]["cron"] == "5 * * * *"
    assert schedule["schedule"]["timezone"] == "Asia/Bangkok"
    assert found["parameters"] == {"map_id": "sample", "due": True}
    assert set(found["tags"]) == {"onemap", "sample"}
    assert found["global_concurrency_limit"]["limit"] == 1


@pytest.mark.usefixtures("prefect_api")
def test_a_run_of_somebody_elses_deployment_is_planned(scheduled_sample: ScheduledSample) -> None:
    """The last test looks whether our worker left it alone."""
    with get_client(sync_client=True) as client:
        flow_id = client.create_flow(scheduled.refresh_map)
        other = client.create_deployment(flow_id, OTHERS_DEPLOYMENT, entrypoint="theirs.flow")
        client.create_flow_run_from_deployment(other, state=Scheduled())
    assert scheduled_sample.operator.runs_of(OTHERS_DEPLOYMENT)


@pytest.mark.usefixtures("prefect_api")
def test_what_people_set_in_prefects_pages_survives_a_second_deploy(
    scheduled_sample: ScheduledSample,
) -> None:
    operator, declared = scheduled_sample.operator, [Deployment("sample"), Deployment("songkhla")]
    name, everybodys = declared[1].name, set(operator.deployments())
    assert register(declared[1:], declared).made == [name]
    operator.edit_schedule(name, schedule=EDITED, active=True)
    operator.edit(name, paused=True, tags=["onemap", "songkhla", "mine"])
    edited = as_set(operator.deployments()[name])
    again = register(declared[1:], declared)
    assert (again.made, again.kept, again.removed) == ([], [name], [])
    assert as_set(operator.deployments()[name]) == edited, "nothing was written"
    both = f"serving {SAMPLE}, {name}\n"
    eventually(lambda: scheduled_sample.worker.said().endswith(both), "a second map to serve")
    operator.edit(name, parameters={"map_id": "atlantis"}, entrypoint="/nowhere/hostile.py:flow")
    one = f"serving {SAMPLE}\n"
    eventually(lambda: scheduled_sample.worker.said().endswith(one), "it to be let alone")
    register(declared[1:], declared)
    mended = operator.deployments()[name]
    assert mended["parameters"] == declared[1].parameters
    assert mended["entrypoint"] == ENTRYPOINT
    assert mended["paused"] is True
    assert mended["schedules"][0]["schedule"] | EDITED == mended["schedules"][0]["schedule"]
    assert set(mended["tags"]) == {"onemap", "songkhla", "mine"}
    assert register([], declared[:1]).removed == [name], "it is no longer declared"
    assert set(operator.deployments()) == everybodys


def test_prefects_own_listing_has_the_deployment(scheduled_sample: ScheduledSample) -> None:
    assert "refresh_map/refresh-sample" in scheduled_sample.operator.server.list("deployment")


def test_prefects_pages_show_the_deployment(
    scheduled_sample: ScheduledSample, locked_server: PrefectServer
) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page()
        page.goto(f"{locked_server.api.removesuffix('/api')}/deployments")
        expect(page.get_by_role("link", name=SAMPLE)).to_be_visible(timeout=60_000)
        browser.close()


def test_of_runs_that_nobody_made_in_time_the_last_one_stays() -> None:
    first, second = uuid4(), uuid4()

    def planned(deployment: UUID, hours: int, *, by_schedule: bool = True) -> FlowRun:
        return FlowRun(
            flow_id=uuid4(),
            deployment_id=deployment,
            auto_scheduled=by_schedule,
            name=f"{hours}",
            next_scheduled_start_time=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours),
        )

    by_hand = planned(first, 3, by_schedule=False)
    waiting = [planned(first, hours) for hours in (1, 2)] + [planned(second, 3), by_hand]
    assert [run.name for run in overtaken([*waiting, planned(first, 4)])] == ["1", "2"]
    assert list(overtaken([])) == []


def test_a_run_that_nobody_triggered_publishes_the_map(scheduled_sample: ScheduledSample) -> None:
    operator = scheduled_sample.operator
    (run, *_) = eventually(
        lambda: operator.runs_of(SAMPLE, type={"any_": ["COMPLETED", "FAILED", "CRASHED"]}),
        "a run",
        seconds=240,
    )
    assert run["state"]["message"] == "release 1; 3 accepted", scheduled_sample.worker.said()
    assert run["name"] == "refresh sample"
    assert run["auto_scheduled"] is True
    assert run["created_by"]["type"] == "SCHEDULE"
    with psycopg.connect(operator.database_url) as connection:
        assert connection.execute("select release from onemap.release").fetchall() == [(1,)]
        looked = "select source_id, looked_outcome from meta.source where looked_at is not null"
        assert dict(connection.execute(looked).fetchall()) == dict.fromkeys(A_FEW, "accepted")
    assert "refresh sample" in operator.server.list("flow-run", "--state", "Completed")


def test_a_worker_that_is_stopped_pauses_nothing(scheduled_sample: ScheduledSample) -> None:
    operator, worker = scheduled_sample.operator, scheduled_sample.worker
    assert "nothing to serve: `onemap deploy`" in worker.said(), "it came before the deployment"
    assert "serving refresh-sample" in worker.said()
    assert worker.stop() == 0
    assert session_is_empty(worker.process.pid)
    found = operator.deployments()[SAMPLE]
    assert found["paused"] is False
    (schedule,) = found["schedules"]
    assert schedule["active"] is True
    assert schedule["schedule"] | EACH_MINUTE == schedule["schedule"], "as it was edited"
    (others,) = operator.runs_of(OTHERS_DEPLOYMENT)
    assert others["state"]["type"] == "SCHEDULED", "it is not ours"


def test_a_worker_that_comes_back_leaves_pauses_and_schedules(
    scheduled_sample: ScheduledSample,
) -> None:
    operator = scheduled_sample.operator
    operator.edit(SAMPLE, paused=True)
    before = as_set(operator.deployments()[SAMPLE])
    with operator.worker() as again:
        eventually(lambda: "serving refresh-sample" in again.said(), "its line")
        assert again.stop() == 0
    assert as_set(operator.deployments()[SAMPLE]) == before
    assert again.said().count("serving refresh-sample") == 1
