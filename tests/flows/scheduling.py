"""`onemap` under a real Prefect server: programs, as an operator starts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.flows.servers import PrefectServer

ONEMAP = Path(sys.executable).with_name("onemap")
EACH_MINUTE = {"cron": "* * * * *", "timezone": "Asia/Bangkok"}


@dataclass(frozen=True)
class Operator:
    """Someone at the command line, with a server, a state folder and a database."""

    server: PrefectServer
    home: Path
    database_url: str

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ONEMAP_", "PREFECT_"))
        }
        return kept | {
            "COLUMNS": "200",
            "ONEMAP_DATABASE_URL": self.database_url,
            "ONEMAP_HOME": str(self.home),
            "PREFECT_API_URL": self.server.api,
            "PREFECT_HOME": str(self.home / "prefect"),
            "PREFECT_RUNNER_POLL_FREQUENCY": "1",
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ONEMAP, *arguments],
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=120,
            check=False,
        )

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        """`onemap worker`, until the block ends."""
        log = self.home / "worker.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [ONEMAP, "worker"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self.environment,
                start_new_session=True,
            )
        try:
            yield Worker(process, log)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def deployments(self) -> dict[str, Any]:
        return {found["name"]: found for found in self.server.ask("/deployments/filter")}

    def edit_schedule(self, name: str, **changes: Any) -> None:
        """As Prefect's pages do it."""
        found = self.deployments()[name]
        (schedule,) = found["schedules"]
        self._patch(f"/deployments/{found['id']}/schedules/{schedule['id']}", changes)

    def edit(self, name: str, **changes: Any) -> None:
        self._patch(f"/deployments/{self.deployments()[name]['id']}", changes)

    def _patch(self, path: str, changes: dict[str, Any]) -> None:
        """A server whose database is busy answers 503, and is asked again, as by its own client."""

        def done() -> bool:
            answer = httpx.patch(f"{self.server.api}{path}", json=changes)
            return answer.status_code != 503 and bool(answer.raise_for_status())

        eventually(done, "a server that is not busy")

    def runs_of(self, name: str, **state: Any) -> list[Any]:
        """Flow runs of a deployment, the first ones first."""
        wanted = {"id": {"any_": [self.deployments()[name]["id"]]}}
        return list(
            self.server.ask(
                "/flow_runs/filter",
                deployments=wanted,
                flow_runs={"state": state},
                sort="EXPECTED_START_TIME_ASC",
            )
        )


@dataclass(frozen=True)
class Worker:
    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        return self.log.read_text()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def eventually(found: Callable[[], Any], wanted: str, seconds: float = 120.0) -> Any:
    """What `found` answers once that is something."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, f"{wanted} did not come"
        time.sleep(0.2)
    return answer


def session_is_empty(leader: int) -> bool:
    """No process of this session (or process group) is left."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return True
    return False
