"""Programs that are forked from a warm process, so that each test need not import what is slow.

A forked child runs `python -m MODULE` as a started one does, with the arguments, environment,
folder and output that it is given. Only imports are there already: those of libraries that do not
look at their environment when they are loaded. The warm process is a clean one: it has nothing of
the tests' own.
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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

MAX_REQUEST = 1 << 16


class WarmProcess:
    """The client's side: `popen` stands for `subprocess.Popen`."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel

    def popen(
        self,
        args: Sequence[str],
        *,
        stdin: int,
        stdout: BinaryIO | int,
        stderr: BinaryIO,
        env: Mapping[str, str],
        cwd: Path,
        start_new_session: bool,
    ) -> Forked:
        """A child that was forked and does what `args`, a call of `python -m`, would do."""
        assert stdin == subprocess.DEVNULL and start_new_session
        module, *arguments = args[args.index("-m") + 1 :]
        request = {"module": module, "arguments": arguments, "env": dict(env), "cwd": str(cwd)}
        answer, theirs = os.pipe()
        with open(os.devnull, "wb") as nothing:
            output = nothing if stdout == subprocess.DEVNULL else stdout
            assert not isinstance(output, int)
            descriptors = [output.fileno(), stderr.fileno(), theirs]
            socket.send_fds(self._channel, [json.dumps(request).encode()], descriptors)
        os.close(theirs)
        return Forked(answer)


class Forked:
    """What is used of a process."""

    def __init__(self, answer: int) -> None:
        self._answer = os.fdopen(answer, "r")
        self.pid = int(self._answer.readline())
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._answer], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("a forked child", timeout or 0)
            self.returncode = os.waitstatus_to_exitcode(int(self._answer.readline()))
            self._answer.close()
        return self.returncode


@contextmanager
def warm_process(
    modules: Sequence[str], env: Mapping[str, str], options: Sequence[str] = ()
) -> Iterator[WarmProcess]:
    """A process that has imported `modules`, started with these `options` of Python.

    It ends with the context, and with its client however that ends.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        process = subprocess.Popen(
            [sys.executable, *options, __file__, str(theirs.fileno()), *modules],
            pass_fds=[theirs.fileno()],
            env=env,
        )
        theirs.close()
        yield WarmProcess(ours)
    process.wait()


def serve(channel: socket.socket, modules: Sequence[str]) -> None:
    """Fork an attendant for each request, until the client is gone."""
    for module in modules:
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
        _become_program(request, stdout, stderr)
    os.write(answer, f"{child}\n".encode())
    _, status = os.waitpid(child, 0)
    os.write(answer, f"{status}\n".encode())
    os._exit(0)


def _become_program(request: dict[str, Any], stdout: int, stderr: int) -> None:
    os.setsid()
    for number, descriptor in enumerate((os.open(os.devnull, os.O_RDONLY), stdout, stderr)):
        os.dup2(descriptor, number)
        os.close(descriptor)  # no others: a library may need what it has open, as PROJ does
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv = [request["module"], *request["arguments"]]
    status = 1
    try:
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
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
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
