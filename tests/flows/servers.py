"""A real Prefect server: the locked one, as its own program, in a folder of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from geo.settings import project_folder

PROGRAM = project_folder() / ".venv-prefect" / "bin" / "prefect"
START_SECONDS = 120.0


@dataclass
class PrefectServer:
    """A server that may be stopped, and started again with what it has stored."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text()

    def start(self) -> None:
        if not PROGRAM.exists():
            pytest.fail(f"{PROGRAM} is not there; run: make prefect-server", pytrace=False)
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(PROGRAM, "server", "start"),
                    *("--host", "127.0.0.1", "--port", str(self.port)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(),
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None and time.monotonic() < deadline, self.log
            time.sleep(0.1)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, how)
        self.process.wait(30)

    def ask(self, path: str, **filters: Any) -> Any:
        """What it answers to a question, as its pages ask it."""
        return httpx.post(f"{self.api}{path}", json=filters).raise_for_status().json()

    def list(self, kind: str, *options: str) -> str:
        """What its own command line prints: `list("deployment")` is `prefect deployment ls`."""
        environment = self._environment() | {"PREFECT_API_URL": self.api, "COLUMNS": "200"}
        result = subprocess.run(
            [PROGRAM, kind, "ls", *options],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.api}/health", timeout=1).is_success
        except httpx.HTTPError:
            return False

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
        return kept | {
            "PREFECT_HOME": str(self.folder),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_UI_API_URL": self.api,
            "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",  # an edit is seen at once
            "DO_NOT_TRACK": "1",
            "PREFECT_LOGGING_LEVEL": "INFO",
            "PREFECT_SERVER_LOGGING_LEVEL": "INFO",
            "PREFECT_SERVER_EVENTS_PROACTIVE_GRANULARITY": "PT1S",
        }


@contextmanager
def prefect_server(folder: Path) -> Iterator[PrefectServer]:
    """A server that answers until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    server = PrefectServer(folder, port)
    server.start()
    try:
        yield server
    finally:
        if server.process and server.process.poll() is None:
            server.stop()
