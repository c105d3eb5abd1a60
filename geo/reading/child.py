"""The child as its parent sees it: a job folder, a process under a clock, and how it ended."""

from __future__ import annotations

import json
import mmap
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from pydantic import ValidationError

from geo import scratch
from geo.reader import drivers
from geo.reader.job import JOB_FILE
from geo.reading.pipe import Flooded, Pipe, Stalled
from geo.reading.rows import NotPlain
from geo.states import Sandbox

PROGRAM = (sys.executable, "-I", "-X", "utf8", "-m", "geo.reader")
Take = Callable[[Pipe], None]
_MOST_SAID = 64_000
_MEMORY_WORDS = (
    "bad_alloc",
    "cannot allocate memory",
    "failed to launch worker thread",  # a thread wants a stack
    "memory allocation",
    "memoryerror",
    "out of memory",
)


@contextmanager
def job_folder(
    files: Mapping[str, Path], job: dict[str, Any], place: Path | None
) -> Iterator[Path]:
    """A folder with copies of the files under plain names; it goes when the job is done."""
    with scratch.folder("onemap-job-", place) as folder:
        for part in ("in", "work", "out"):
            (folder / part).mkdir()
        said = {}
        for number, (file_name, source) in enumerate(files.items()):
            suffix = PurePosixPath(file_name).suffix.lower()
            copy = f"in/{number}{suffix if suffix.isascii() else ''}"
            shutil.copyfile(source, folder / copy)
            said[file_name] = copy
        text = json.dumps(job | {"files": said})  # ASCII: a file name may be no UTF-8
        (folder / JOB_FILE).write_text(text, "utf-8")
        yield folder


@dataclass(frozen=True)
class End:
    """How a child ended. `walls` are those that stood, None if it did not come that far.

    `fault` is what was wrong with its rows, where they were not to be had; `stopped` says that it
    was ended for that, and did not end by itself.
    """

    returncode: int
    timed_out: bool
    said: str
    walls: Sandbox | None
    fault: str | None = None
    stopped: bool = False

    def refusal(self) -> tuple[str, str]:
        """Code and detail of the refusal of a child that left no report."""
        last = self.said.strip().rpartition("\n")[2]
        if self.timed_out or self.returncode == -signal.SIGXCPU:
            return "reader_timeout", ""
        if any(word in self.said.lower() for word in _MEMORY_WORDS):
            return "reader_memory", last
        if self.returncode == -signal.SIGKILL:
            return "reader_memory", "killed by the system"
        if self.returncode < 0:
            return "reader_crashed", _signal_name(-self.returncode)
        return "reader_failed", last


def _signal_name(number: int) -> str:
    """A child may end itself by any signal, also by one without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class Child:
    """A reader that was started; `hear` takes what it says, and ends it."""

    def __init__(self, folder: Path, format: str) -> None:
        self.folder = folder
        heard, said = os.pipe()
        self._pipe = Pipe(heard)
        self._said = ""
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - until it is ended
        with os.fdopen(said, "wb") as stdout:
            self._process = subprocess.Popen(
                [*PROGRAM, str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=self._stderr,
                env=drivers.environment(format, str(folder / "work")),
                cwd=folder,
                start_new_session=True,
            )

    def hear(self, seconds: float, most_bytes: int, take: Take | None = None) -> End:
        """Give its rows to `take`, wait for it by the clock, leave no process of its group behind.

        What `take` raises of the rows ends the child, and is the `fault` of its end.
        """
        self._pipe.allow(seconds, most_bytes)
        until = time.monotonic() + seconds
        walls, fault, timed_out = None, None, False
        try:
            walls = _walls(self._pipe.line())
            if walls and take:
                fault = taken(take, self._pipe)
            if fault is None or self._pipe.ended:
                self._pipe.close()
                self._process.wait(max(0.0, until - time.monotonic()))
        except (Stalled, subprocess.TimeoutExpired):
            timed_out = True
        finally:
            self.stop()
        stopped = fault is not None and not self._pipe.ended
        return End(self._process.returncode, timed_out, self._said, walls, fault, stopped)

    def stop(self) -> None:
        """End it, with all that it started."""
        self._pipe.close()
        _kill_group(self._process)
        if not self._stderr.closed:
            self._said = _end_of(self._stderr)
            self._stderr.close()


def taken(take: Take, pipe: Pipe) -> str | None:
    """What was wrong with the rows, if they were not to be had."""
    try:
        take(pipe)
    except (NotPlain, Flooded) as error:
        return str(error)
    return None


def run(
    folder: Path, format: str, seconds: float, most_bytes: int = 0, take: Take | None = None
) -> End:
    """A child from its start to its end."""
    return Child(folder, format).hear(seconds, most_bytes, take)


def _end_of(file: BinaryIO) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _MOST_SAID))
    return file.read().decode("utf-8", "replace")


def _walls(said: bytes) -> Sandbox | None:
    try:
        return Sandbox.model_validate_json(said, strict=True)
    except ValidationError:
        return None


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def left(folder: Path, name: str) -> mmap.mmap | None:
    """What a child left of this name in `out`: the bytes of a plain file of its own, if any.

    Nothing is followed or waited for that a child could put in its place: a link to a file or a
    folder, a second name of another's file, a pipe.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with ExitStack() as opened:
        try:
            out = os.open(folder / "out", flags | os.O_DIRECTORY)
            opened.callback(os.close, out)
            file = os.open(name, flags, dir_fd=out)
            opened.callback(os.close, file)
            about = os.fstat(file)
            if not stat.S_ISREG(about.st_mode) or about.st_nlink != 1:
                return None
            return mmap.mmap(file, 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):  # an empty file cannot be mapped
            return None
