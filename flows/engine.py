"""One way to run a step: a Prefect task inside a flow run, a plain call otherwise.

So the line of steps is written once, reads as plain Python, and works with a Prefect server or
without one. Either way, only transient errors are tried again.
"""

from __future__ import annotations

import functools
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from geo.errors import StepTimeout, TransientError

P = ParamSpec("P")
R = TypeVar("R")

RETRY_DELAYS = (2.0, 10.0)
"""Seconds before the second and the third try of a step that failed transiently."""


STEP_SECONDS = 3_600.0
"""How long one step may take. The reader's own limit, and that of a statement, are shorter."""


def step(label: str, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs `function` as the step `label` (it says which layer or source)."""
    if _in_flow_run():
        return _as_task(label, function)(*args, **kwargs)
    for delay in RETRY_DELAYS:
        try:
            return _timed(label, function)(*args, **kwargs)
        except TransientError:
            time.sleep(delay)
    return _timed(label, function)(*args, **kwargs)


def _timed(label: str, function: Callable[P, R]) -> Callable[P, R]:
    @functools.wraps(function)
    def instead(*args: P.args, **kwargs: P.kwargs) -> R:
        with _clock(label, STEP_SECONDS):
            return function(*args, **kwargs)

    return instead


@contextmanager
def _clock(label: str, seconds: float) -> Iterator[None]:
    """Ends the block after `seconds` with StepTimeout; an alarm that was set before rings on.

    Alarms ring in the main thread alone: a step elsewhere has the limits of reader and database.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: object) -> None:
        raise StepTimeout(label, seconds)

    started, before = time.monotonic(), signal.signal(signal.SIGALRM, ring)
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        passed = time.monotonic() - started
        signal.setitimer(signal.ITIMER_REAL, max(left - passed, 0.001) if left else 0)
        signal.signal(signal.SIGALRM, before)


def _in_flow_run() -> bool:
    if "prefect" not in sys.modules:  # importing it costs more than a second
        return False
    from prefect.context import FlowRunContext

    return FlowRunContext.get() is not None


def _as_task(label: str, function: Callable[P, R]) -> Callable[P, R]:
    from prefect import task
    from prefect.cache_policies import NO_CACHE

    made: Callable[P, R] = task(
        name=label,
        task_run_name=label,
        retries=len(RETRY_DELAYS),
        retry_delay_seconds=list(RETRY_DELAYS),
        retry_condition_fn=_is_transient,
        cache_policy=NO_CACHE,
        persist_result=False,
    )(_timed(label, function))
    return made


def _is_transient(_task: Any, _run: Any, state: Any) -> bool:
    return isinstance(state.result(raise_on_failure=False), TransientError)
