"""`onemap schedule`: server, deployments and worker by one command, and nothing left behind."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from geo.errors import MissingProgram
from geo.settings import Settings, project_folder
from server import prefect as own_server
from tests.flows.scheduling import ONEMAP, eventually, session_is_empty
from tests.flows.servers import PROGRAM

SECRET = "a-password-of-the-database"


@contextmanager
def schedule(home: Path, port: int) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], str]]]:
    """The command while the block lasts, and what it has said."""
    unwanted = ("ONEMAP_", "PREFECT_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    given = {
        "ONEMAP_HOME": str(home),
        "ONEMAP_DATABASE_URL": f"postgresql://nobody:{SECRET}@127.0.0.1:1/x",
        "PREFECT_RUNNER_POLL_FREQUENCY": "1",
    }
    log = home / "schedule.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [ONEMAP, "schedule", "--map", "sample", "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=kept | given,
            start_new_session=True,
        )
    try:
        yield process, log.read_text
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def server_is_gone(home: Path) -> bool:
    """The server holds this lock as long as it lives."""
    with (home / "prefect" / "running").open() as record:
        try:
            fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def processes_with(words: str) -> list[int]:
    """Processes that have these words in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if words.encode() in environment:
            found.append(int(folder.name))
    return found


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


@pytest.mark.slow
def test_one_command_starts_all_and_leaves_nothing(tmp_path: Path, taken_port: int) -> None:
    with schedule(tmp_path, taken_port) as (process, said):
        eventually(lambda: "serving refresh-sample" in said(), "the worker")
        url = (tmp_path / "prefect" / "running").read_text()
        assert f":{taken_port}/" not in url, "somebody else has that port"
        page = (project_folder() / "docs" / "operating.md").read_text("utf-8")
        shown = page.partition("$ make schedule\n")[2].partition("```")[0].splitlines()
        lines = said().replace(url.removesuffix("/api"), "http://127.0.0.1:4200").splitlines()
        assert sorted(lines) == sorted(shown), "the page shows it"
        assert httpx.get(url.removesuffix("/api") + "/ui-settings").json()["api_url"] == url
        assert (tmp_path / "prefect" / "prefect.db").is_file()
        with own_server.prefect_server(Settings(project_folder(), tmp_path)) as found:
            assert found == own_server.PrefectServer(url, ours=False), "it runs already"
        assert httpx.get(f"{url}/health").is_success, "who found it does not end it"
        (server,) = [
            pid
            for pid in processes_with(f"PREFECT_HOME={tmp_path / 'prefect'}")
            if b"server" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        ]
        environment = Path(f"/proc/{server}/environ").read_text()
        assert SECRET not in environment
        assert "DO_NOT_TRACK=1" in environment
        assert "PREFECT_SERVER_ANALYTICS_ENABLED=false" in environment
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert server_is_gone(tmp_path)
    assert session_is_empty(process.pid)
    assert processes_with(f"PREFECT_HOME={tmp_path / 'prefect'}") == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_that_is_stopped_while_it_starts_leaves_nothing(
    tmp_path: Path, taken_port: int, number: signal.Signals
) -> None:
    with schedule(tmp_path, taken_port) as (process, _):
        lock = tmp_path / "prefect" / "running"
        eventually(lambda: lock.exists() and not server_is_gone(tmp_path), "the server")
        process.send_signal(number)
        assert process.wait(60) == 130
    assert server_is_gone(tmp_path)
    assert processes_with(f"PREFECT_HOME={tmp_path / 'prefect'}") == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_while_the_server_is_started_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    program = tmp_path / ".venv-prefect" / "bin" / "prefect"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    real, started = subprocess.Popen, []

    def interrupted(*arguments: Any, **options: Any) -> Any:
        started.append(real(*arguments, **options))
        signal.raise_signal(number)
        return started[-1]

    monkeypatch.setattr(own_server.subprocess, "Popen", interrupted)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # as `onemap schedule` does
    try:
        with pytest.raises(KeyboardInterrupt):
            own_server.prefect_server(Settings(tmp_path, tmp_path)).__enter__()
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)
    assert started[0].poll() is not None
    assert server_is_gone(tmp_path)


def test_a_server_that_is_not_installed_is_named_with_its_command(tmp_path: Path) -> None:
    settings = Settings(project=tmp_path, home=tmp_path / "state")
    with pytest.raises(MissingProgram, match="pip install --require-hashes"):
        own_server.prefect_server(settings).__enter__()
    (tmp_path / "Makefile").touch()
    with pytest.raises(MissingProgram, match="make prefect-server"):
        own_server.prefect_server(settings).__enter__()
    assert server_is_gone(settings.home), "and the lock is free again"


def test_the_unit_of_systemd_starts_what_there_is() -> None:
    import typer.main

    from cli.main import app

    text = (project_folder() / "deploy/systemd/onemap-schedule.service").read_text()
    settings = dict(line.split("=", 1) for line in text.splitlines() if line[:1].isupper())
    program, name, *arguments = settings["ExecStart"].split()
    assert program == f"{settings['WorkingDirectory']}/.venv/bin/onemap"
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    command.make_context(name, arguments)
    assert settings["KillMode"] == "process", "the private PostgreSQL serves the map on"
    assert PROGRAM.parts[-3:-1] == (".venv-prefect", "bin")
