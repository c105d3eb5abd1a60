"""Prefect's server on this machine: the locked one, private to the state folder, for us alone.

    <state>/prefect/            its database and its log (PREFECT_HOME)
    <state>/prefect/running     locked by the server that runs; its text is the address of its API

It is a program of an environment of its own (`make prefect-server`): its web libraries and ours
never meet. The lock lives as long as the server does, whoever started it.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from geo.errors import MissingProgram, PrefectUnreachable
from geo.settings import Settings
from server.postgres import make_passable

HOST = "127.0.0.1"
PORT = 4200
START_SECONDS = 180.0
"""A first start makes the database; five seconds on an idle machine."""
STOP_SECONDS = 20.0
_PAUSE_SECONDS = 0.1

_BY_HAND = (
    "python3 -m venv .venv-prefect && .venv-prefect/bin/pip install --require-hashes -r "
    "requirements-prefect-server.lock (it lies beside the wheel)"
)
_NOT_ITS_BUSINESS = ("ONEMAP_", "PG")
"""Variables that the server is not given: they may hold the maps' passwords."""


@dataclass(frozen=True)
class PrefectServer:
    """A server that answers at `url`; `ours` if this call started it."""

    url: str
    ours: bool


@contextmanager
def prefect_server(settings: Settings, port: int = PORT) -> Iterator[PrefectServer]:
    """The server of the state folder while the block lasts; one that runs already is taken.

    Listens at 127.0.0.1, at `port` or at a free one if that is taken. What was started is ended.
    Raises MissingProgram without `make prefect-server`, PrefectUnreachable if it does not answer.
    """
    folder = settings.home / "prefect"
    make_passable(settings.home)
    folder.mkdir(mode=0o700, exist_ok=True)
    process = None
    try:
        with (folder / "running").open("a+") as record:
            if _lock(record.fileno()):
                program, free = _program(settings), _free(port)
                with _signals_wait():
                    process = _start(program, folder, record.fileno(), free)
        yield PrefectServer(_answering(folder, process), ours=process is not None)
    finally:
        if process:
            _stop(process)


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Signals that end us come after the block: a server that starts is ours to end, or not there.

    Handled are those of the main thread, which alone gets them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for caught in came:
            signal.raise_signal(caught)


def _program(settings: Settings) -> Path:
    program = settings.project / ".venv-prefect" / "bin" / "prefect"
    if not os.access(program, os.X_OK):
        made = (settings.project / "Makefile").is_file()
        raise MissingProgram("Prefect's server", "make prefect-server" if made else _BY_HAND)
    return program


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _free(port: int) -> int:
    """This port, or a free one if somebody has it."""
    for wanted in (port, 0):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((HOST, wanted))
            except OSError:
                continue
            return int(tried.getsockname()[1])
    raise PrefectUnreachable(f"http://{HOST}:{port}", "no port is free")


def _start(program: Path, folder: Path, lock: int, port: int) -> subprocess.Popen[bytes]:
    """Its own session: Ctrl-C in a terminal reaches the worker, which ends first."""
    (folder / "running").write_text(f"http://{HOST}:{port}/api")
    with (folder / "server.log").open("ab") as log:
        return subprocess.Popen(
            [program, "server", "start", "--host", HOST, "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=_environment(os.environ, folder, port),
            pass_fds=[lock],
            start_new_session=True,
        )


def _environment(outer: Mapping[str, str], folder: Path, port: int) -> dict[str, str]:
    """Ours without secrets and without what speaks of another server; nothing is told outside.

    Its pages are told the port: they would ask 4200 otherwise.
    """
    others = {"PREFECT_API_URL", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH"}
    kept = {
        name: value
        for name, value in outer.items()
        if name not in others and not name.startswith(_NOT_ITS_BUSINESS)
    }
    return kept | {
        "DO_NOT_TRACK": "1",
        "PREFECT_HOME": str(folder),
        "PREFECT_SERVER_UI_API_URL": f"http://{HOST}:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }


def _answering(folder: Path, process: subprocess.Popen[bytes] | None) -> str:
    """The address of its API, once it answers there."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        url = (folder / "running").read_text().strip()
        if _answers(url):
            return url
        if process and process.poll() is not None:
            raise PrefectUnreachable(url, f"it ended at once; {folder / 'server.log'} says why")
        if time.monotonic() > deadline:
            raise PrefectUnreachable(url, f"it does not answer; see {folder / 'server.log'}")
        time.sleep(_PAUSE_SECONDS)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=3.0).is_success
    except httpx.HTTPError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Its whole session ends, and is waited for."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(STOP_SECONDS)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
