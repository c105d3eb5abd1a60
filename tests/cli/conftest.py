"""`onemap` as people use it: a process, its output, its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import Protocol

import pytest

from geo.settings import project_folder
from tests.warm import WarmProcess, warm_process

WARM = ("flows.pipeline", "flows.upgrading", "geo.space.operations", "web.serve", "typer", "rich")
Result = subprocess.CompletedProcess[str]


class Onemap(Protocol):
    """Runs `onemap` in a process of its own, with its own state folder."""

    def __call__(
        self, *arguments: str, home: Path, together: bool = False, **environment: str
    ) -> Result: ...


@pytest.fixture(scope="session")
def warm_onemap() -> Iterator[WarmProcess]:
    """A process that has imported what the commands do."""
    with warm_process(WARM, environment_of()) as warm:
        yield warm


@pytest.fixture(scope="session")
def onemap(warm_onemap: WarmProcess) -> Onemap:
    """`onemap` forked from a process that has imported its libraries; test_starts.py starts it."""

    def run(*arguments: str, home: Path, together: bool = False, **environment: str) -> Result:
        """`together`: standard error goes where standard output goes, as on a terminal."""
        changes = environment_of(ONEMAP_HOME=str(home), **environment)
        return _run(warm_onemap, arguments, changes, together)

    return run


def environment_of(**changes: str) -> dict[str, str]:
    """The tests' own environment without its ONEMAP_ variables, and with these changes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ONEMAP_")}
    return kept | {"COLUMNS": "120"} | changes


def _run(
    warm: WarmProcess, arguments: tuple[str, ...], environment: dict[str, str], together: bool
) -> Result:
    command = [sys.executable, "-m", "cli", *arguments]
    with TemporaryFile() as stdout, TemporaryFile() as stderr:
        process = warm.popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stdout if together else stderr,
            env=environment,
            cwd=project_folder(),
            start_new_session=True,
        )
        try:
            code = process.wait(timeout=120)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        said = []
        for file in (stdout, stderr):
            file.seek(0)
            said.append(file.read().decode())
    return subprocess.CompletedProcess(command, code, *said)
