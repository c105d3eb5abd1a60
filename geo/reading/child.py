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
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from pydantic import ValidationError

from geo.reader import drivers
from geo.reader.job import JOB_FILE
from geo.states import Sandbox

PROGRAM = (sys.executable, "-I", "-X", "utf8", "-m", "geo.reader")
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
    files: Mapping[str, Path], job: dict[str, Any], scratch: Path | None
) -> Iterator[Path]:
    """A folder with copies of the files under plain names; it goes when the job is done."""
    with tempfile.TemporaryDirectory(prefix="onemap-read-", dir=scratch) as name:
        folder = Path(name).resolve()
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
    """How a child ended. `walls` are those that stood, None if it did not come that far."""

    returncode: int
    timed_out: bool
    said: str
    walls: Sandbox | None

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


def run(folder: Path, format: str, seconds: float) -> End:
    """Start the child, wait for it by the clock, and leave no process of its group behind."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        child = subprocess.Popen(
            [*PROGRAM, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env=drivers.environment(format, str(folder / "work")),
            cwd=folder,
            start_new_session=True,
        )
        timed_out = False
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            _kill_group(child)
        return End(child.returncode, timed_out, _end_of(stderr), _walls(_end_of(stdout)))


def _end_of(file: BinaryIO) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _MOST_SAID))
    return file.read().decode("utf-8", "replace")


def _walls(said: str) -> Sandbox | None:
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
