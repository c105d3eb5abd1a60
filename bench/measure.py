"""What one run of a program costs: seconds by the clock, seconds of CPU, and peak memory.

CPU is that of the program and its children, and of the database server beside it: each loader
leaves a part of its work to the server. Memory is the highest resident set (VmHWM) that any single
process was seen with, so pages of mapped files count.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

POLL_SECONDS: Final = 0.02
_TICK: Final = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    """One run. `peak_mb` by role: `client` (the program and its children) and `server`."""

    wall: float = 0.0
    client_cpu: float = 0.0
    server_cpu: float = 0.0
    peak_mb: dict[str, float] = field(default_factory=dict)

    @property
    def cpu(self) -> float:
        """Seconds of all processes together."""
        return self.client_cpu + self.server_cpu


@dataclass(frozen=True)
class Run:
    """A program that ended, what it said, and what it cost."""

    cost: Cost
    output: str


class Failed(RuntimeError):
    """A program of the bench did not end well; its last words are the message."""


def run(command: Sequence[str], postmaster: int, environment: Mapping[str, str]) -> Run:
    """Runs a command to its end beside the server whose first process is `postmaster`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with (
        _watched(postmaster) as watch,
        subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as child,
    ):
        watch.client = child.pid
        output = child.communicate()[0]
    if child.returncode:
        raise Failed(f"{' '.join(command)[:200]}: {output[-2_000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    watch.cost.client_cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(watch.cost, output)


def median(costs: Sequence[Cost]) -> Cost:
    """The median of each figure; of memory the highest."""
    roles = {role for cost in costs for role in cost.peak_mb}
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.client_cpu for cost in costs),
        statistics.median(cost.server_cpu for cost in costs),
        {role: max(cost.peak_mb.get(role, 0.0) for cost in costs) for role in sorted(roles)},
    )


def middle(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


class _Watch:
    def __init__(self, postmaster: int) -> None:
        self.postmaster, self.client, self.cost = postmaster, 0, Cost()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)

    def start(self) -> None:
        self._server_before = _server_seconds(self.postmaster)
        self._began = time.monotonic()
        self._thread.start()

    def end(self) -> None:
        self.cost.wall = time.monotonic() - self._began
        self._ended.set()
        self._thread.join()
        self.cost.server_cpu = _server_seconds(self.postmaster) - self._server_before

    def _poll(self) -> None:
        while not self._ended.wait(POLL_SECONDS):
            for role, root in (("client", self.client), ("server", self.postmaster)):
                for process in _family(root) if root else ():
                    peak = max(self.cost.peak_mb.get(role, 0.0), _peak_mb(process))
                    self.cost.peak_mb[role] = peak


@contextmanager
def _watched(postmaster: int) -> Iterator[_Watch]:
    watch = _Watch(postmaster)
    watch.start()
    try:
        yield watch
    finally:
        watch.end()


def _server_seconds(postmaster: int) -> float:
    """CPU of a server so far: its processes that live, and those that it has buried."""
    buried = sum(_times(postmaster)[2:])
    return sum(sum(_times(process)[:2]) for process in _family(postmaster)) + buried


def _times(process: int) -> tuple[float, float, float, float]:
    """utime, stime, cutime, cstime in seconds (proc(5): fields 14 to 17)."""
    with suppress(OSError):
        fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
        user, system, buried_user, buried_system = (int(ticks) / _TICK for ticks in fields[11:15])
        return user, system, buried_user, buried_system
    return 0.0, 0.0, 0.0, 0.0


def _family(root: int) -> list[int]:
    """A process and all that descend from it."""
    found, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        found.append(process)
        with suppress(OSError):
            for tasks in Path(f"/proc/{process}/task").iterdir():
                waiting += map(int, (tasks / "children").read_text("utf-8").split())
    return found


def _peak_mb(process: int) -> float:
    with suppress(OSError, ValueError, IndexError):
        status = Path(f"/proc/{process}/status").read_text("utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    return 0.0
