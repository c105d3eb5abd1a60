"""The worker, Prefect's server or the database goes away in mid-run, and comes back.

What the table of runs says, what Prefect says, and what the command line says; that the next run
mends it; and that no lease stays. Programs, as an operator starts them: nothing of them is in here.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.telling.dead_runs import bury_dead_runs
from geo.settings import Settings, project_folder
from samples import generate
from server import cluster as private_cluster
from tests.conftest import quick_folder
from tests.flows.scheduling import Operator, Worker, eventually
from tests.flows.servers import prefect_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

AREAS = ("sample_districts", "sample_subdistricts")
PARKS = "sample_parks_register"
WAITING = (
    "select 1 from pg_stat_activity"
    " where wait_event_type = 'Lock' and datname = current_database() limit 1"
)
_GOING_ON = ("SCHEDULED", "PENDING", "RUNNING", "CANCELLING")
SOON = 45.0
"""Seconds without a sign of life; a test does not wait for those of production."""


@dataclass
class Town:
    """The sample with a cluster, a Prefect server and a worker of its own."""

    operator: Operator
    settings: Settings
    drops: Path
    register: bytes

    def ask_for_a_run(self) -> str:
        """As somebody does in Prefect's pages; answers its id."""
        found = self.operator.deployments()["refresh-sample"]
        wanted = {"drops": str(self.drops), "only": [*AREAS, PARKS], "due": False}
        address = f"{self.operator.server.api}/deployments/{found['id']}/create_flow_run"
        asked = {"parameters": {"map_id": "sample", **wanted}, "state": {"type": "SCHEDULED"}}

        def made() -> Any:
            answer = httpx.post(address, json=asked)
            return None if answer.status_code == 503 else answer.raise_for_status().json()["id"]

        return str(eventually(made, "a server that is not busy"))

    def state(self, run: str) -> Any:
        return httpx.get(f"{self.operator.server.api}/flow_runs/{run}").json()["state"]

    def ended(self, run: str, *, within: float = 120.0) -> str:
        """The name of the state that it ends in."""

        def found() -> Any:
            state = self.state(run)
            return state["name"] if state["type"] not in _GOING_ON else None

        return str(eventually(found, "the end of a run", within))

    def deliver(self, gone: int) -> None:
        """The register of parks without its first `gone` rows."""
        title, *rows = self.register.splitlines(keepends=True)
        path = self.drops / "environment" / "parks_register.csv"
        path.write_bytes(b"".join([title, *rows[gone:]]))

    def rows(self, query: str) -> list[Any]:
        with psycopg.connect(self.operator.database_url) as connection:
            return [row[0] for row in connection.execute(query).fetchall()]

    def leases(self) -> list[Any]:
        """Leases that somebody holds."""
        return self.rows(
            "select l.layer_id from meta.lease l join pg_stat_activity a"
            " on a.pid = l.backend_pid and a.backend_start = l.backend_start"
        )

    def status(self) -> tuple[dict[str, Any], int]:
        """What `onemap status` says of each source, and the exit code for a monitor."""
        listed = self.operator.run("status", "--map", "sample", "--json")
        checked = self.operator.run("status", "--map", "sample", "--check")
        rows = json.loads(listed.stdout) if listed.stdout else []
        return {row["source"]: row for row in rows}, checked.returncode

    def outcomes(self) -> list[str]:
        """The table of runs: how each try of the register of parks ended."""
        return self.rows(
            f"select outcome from meta.run where source_id = '{PARKS}' order by run_id"
        )

    @contextmanager
    def in_mid_run(self) -> Iterator[str]:
        """A run that has begun with the parks, and waits for us with a lease in its hands."""
        with psycopg.connect(self.operator.database_url) as ours:
            ours.execute("lock table core.parks in share mode")
            run = self.ask_for_a_run()
            eventually(lambda: self.outcomes()[-1] == "running", "the middle of a run")
            eventually(lambda: self.rows(WAITING), "the load that waits")
            assert self.leases()
            yield run
            with suppress(psycopg.OperationalError):
                ours.rollback()


@pytest.fixture(scope="module")
def settings() -> Iterator[Settings]:
    """A cluster of its own. It lies in memory: what fails are programs."""
    home = Path(tempfile.mkdtemp(prefix="onemap-midrun-", dir=quick_folder()))
    home.chmod(0o711)
    settings = Settings(project=project_folder(), home=home)
    yield settings
    private_cluster.reset(settings, confirmed=True)
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def town(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Deployed, and taken in once."""
    drops = settings.home / "given"
    generate(drops)
    register = (drops / "environment" / "parks_register.csv").read_bytes()
    url = private_cluster.ensure_database(settings, "sample")
    with prefect_server(tmp_path_factory.mktemp("prefect")) as server:
        town = Town(Operator(server, settings.home, url), settings, drops, register)
        assert town.operator.run("deploy", "--map", "sample").returncode == 0
        with temporary_settings({PREFECT_API_URL: server.api}), get_client(sync_client=True) as api:
            bury_dead_runs(api, SOON)
        with town.operator.worker():
            assert town.ended(town.ask_for_a_run()) == "Completed"
        yield town


def test_a_worker_that_is_killed(town: Town) -> None:
    town.deliver(1)
    with town.operator.worker() as worker, town.in_mid_run() as run:
        kill(worker)
        eventually(lambda: not town.leases(), "the end of the lease")
        assert town.outcomes() == ["accepted", "running"], "nobody was left to write it down"
        said, code = town.status()
        assert (said[PARKS]["outcome"], code) == ("fault", 2)
        assert town.state(run)["name"] == "Running", "Prefect cannot know it yet"
        assert town.ended(run) == "Crashed"
        assert "killed" in town.state(run)["message"]
    mended(town, ["accepted", "fault", "accepted"])


def test_a_prefect_server_that_goes_away_and_comes_back(town: Town) -> None:
    town.deliver(2)
    before = town.outcomes()
    with town.operator.worker():
        with town.in_mid_run() as run:
            town.operator.server.stop(signal.SIGKILL)
            assert town.status()[0][PARKS]["outcome"] == "running", "a run needs no Prefect"
        eventually(lambda: town.outcomes() == [*before, "accepted"], "the end of the run")
        eventually(lambda: not town.leases(), "the end of the lease")
        assert not town.status()[0][PARKS]["problems"]
        town.operator.server.start()
        # A run asks for its server for a minute; one that was away for longer is told as dead.
        assert town.ended(run) in ("Completed", "Crashed")
    mended(town, [*before, "accepted"])


def test_a_database_that_goes_away_and_comes_back(town: Town) -> None:
    town.deliver(3)
    before = town.outcomes()
    with town.operator.worker():
        with town.in_mid_run() as run:
            stop_at_once(town.settings)
            assert town.ended(run) == "Failed"
            assert "database" in town.state(run)["message"]
            said, code = town.status()
            assert (said, code) == ({}, 3), "it cannot be told"
        private_cluster.start(town.settings)
        assert town.outcomes()[len(before) :] in (["running"], ["unreachable"], ["fault"])
        assert not town.leases()
        assert town.status()[1] == 2
    mended(town, None)


def mended(town: Town, outcomes: list[str] | None) -> None:
    """The next run, of a worker that starts now, comes through; nothing is left of the fault."""
    with town.operator.worker():
        assert town.ended(town.ask_for_a_run()) == "Completed"
    if outcomes:
        assert town.outcomes() == outcomes
    assert not town.leases()
    said, _ = town.status()
    assert said[PARKS]["outcome"] in ("accepted", "unchanged") and not said[PARKS]["problems"]


def kill(worker: Worker) -> None:
    """The worker and all that it started, at once, as a machine that loses its power."""
    for pid in [worker.process.pid, *descendants(worker.process.pid)]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    worker.process.wait()


def descendants(pid: int) -> list[int]:
    """Those that it started, and those that they did."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for known in found:
        found += [child for child, parent in parents.items() if parent == known]
    return found[1:]


def stop_at_once(settings: Settings) -> None:
    """As `pg_ctl stop -m immediate`: every session is cut, and nothing is tidied up."""
    leader = private_cluster.status(settings).pid
    assert leader is not None
    os.kill(leader, signal.SIGQUIT)
    eventually(lambda: not private_cluster.status(settings).running, "the end of the database")
