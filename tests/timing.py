"""Time, for bounds that a busy or slow machine does not break: each is a ratio to an idle run."""

from __future__ import annotations

import time
from collections.abc import Callable


def cpu_seconds(work: Callable[[], object], times: int = 3) -> float:
    """CPU time of this process for `work`, the best of some: what others use is not in it."""
    return min(_once(work) for _ in range(times))


def _once(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
