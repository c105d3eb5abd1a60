"""Reading children that are forked from a warm process, so that each test need not import Arrow.

A forked child runs `python -m geo.reader` as a started one does, walls and all, with the arguments,
environment, folder and output that it is given. Only its imports are there already: Arrow and
numpy, not GDAL, which looks at its environment when it is loaded. Tests of the walls themselves
start children of their own.
"""

from __future__ import annotations

import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from geo.reader import drivers

WARM = ("numpy", "pyarrow", "pyarrow.csv", "pyarrow.ipc", "pyarrow.compute", "geo.reader.delivery")
MAX_REQUEST = 1 << 16


class WarmReader:
    """The client's side: `popen` stands for `subprocess.Popen` in `geo.reading.child`."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel

    def popen(
        self,
        args: list[str],
        *,
        stdin: int,
        stdout: BinaryIO | int,
        stderr: BinaryIO,
        env: Mapping[str, str],
        cwd: Path,
        start_new_session: bool,
    ) -> _Forked:
        """A child that was forked and does what `args`, a call of `geo.reader`, would do."""
        assert args[-3:-1] == ["-m", "geo.reader"] and stdin == subprocess.DEVNULL
        assert start_new_session
        request = json.dumps({"folder": args[-1], "env": dict(env), "cwd": str(cwd)}).encode()
        answer, theirs = os.pipe()
        with open(os.devnull, "wb") as nothing:
            output = nothing if stdout == subprocess.DEVNULL else stdout
            assert not isinstance(output, int)
            descriptors = [output.fileno(), stderr.fileno(), theirs]
            socket.send_fds(self._channel, [request], descriptors)
        os.close(theirs)
        return _Forked(answer)


class _Forked:
    """What `geo.reading.child` uses of a process."""

    def __init__(self, answer: int) -> None:
        self._answer = os.fdopen(answer, "r")
        self.pid = int(self._answer.readline())
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._answer], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("geo.reader", timeout or 0)
            self.returncode = os.waitstatus_to_exitcode(int(self._answer.readline()))
            self._answer.close()
        return self.returncode


@contextmanager
def warm_reader() -> Iterator[WarmReader]:
    """A warm process; it ends with the context, and with its client however that ends."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        process = subprocess.Popen(
            [sys.executable, "-X", "utf8", __file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=drivers.environment("csv", "/nonexistent"),
        )
        theirs.close()
        yield WarmReader(ours)
    process.wait()


def serve(channel: socket.socket) -> None:
    """Fork an attendant for each request, until the client is gone."""
    for module in WARM:
        __import__(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # attendants need nobody who waits for them
    while True:
        request, descriptors, _, _ = socket.recv_fds(channel, MAX_REQUEST, 3)
        if not request:
            return
        if os.fork() == 0:
            channel.close()
            _attend(json.loads(request), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _attend(request: dict[str, Any], stdout: int, stderr: int, answer: int) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        os.close(answer)
        _become_reader(request, stdout, stderr)
    os.write(answer, f"{child}\n".encode())
    _, status = os.waitpid(child, 0)
    os.write(answer, f"{status}\n".encode())
    os._exit(0)


def _become_reader(request: dict[str, Any], stdout: int, stderr: int) -> None:
    os.setsid()
    for number, descriptor in enumerate((os.open(os.devnull, os.O_RDONLY), stdout, stderr)):
        os.dup2(descriptor, number)
    os.closerange(3, 64)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv = ["geo.reader", request["folder"]]
    status = 1
    try:
        runpy.run_module("geo.reader", run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - as the interpreter does at its end
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    del sys.path[0]
    serve(socket.socket(fileno=int(sys.argv[1])))
