"""The state that a flow run ends in, and its message: what an operator sees first."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.job import RefreshResult
from geo.errors import GeoError
from geo.values.visible import visible
from schemas.errors import DeclarationError, UnknownMapError

HELD = "Held"
"""Name of the state of a run that held something: completed, and a person has to look."""


class RefreshFailed(Exception):
    """A source was refused or failed, or no release was made; `result` has all that came of it."""

    def __init__(self, result: RefreshResult, message: str) -> None:
        super().__init__(message)
        self.result = result


TOLD = (RefreshFailed, GeoError, DeclarationError, UnknownMapError)
"""Errors whose message says all there is: where they were raised helps nobody."""


def state_of(result: RefreshResult, nothing: str) -> State[RefreshResult]:
    """Completed if all is well, `Held` if a person has to look, failed if something is wrong.

    The message says the release, or `nothing`; counts the outcomes; and has a line for each source
    that is held or not well.
    """
    release = f"release {result.release.number}" if result.release else nothing
    counts = Counter(source.outcome for source in result.sources)
    head = "; ".join(filter(None, [release, ", ".join(f"{n} {one}" for one, n in counts.items())]))
    message = "\n".join([head, *_reasons(result)])
    if not result.ended_well:
        return failed_run(message, RefreshFailed(result, message))
    return Completed(name=HELD if counts["held"] else "Completed", message=message, data=result)


def _reasons(result: RefreshResult) -> Iterator[str]:
    for source in result.sources:
        if source.outcome == "held" or not source.ended_well:
            yield f"{source.source_id}: {source.outcome}: {visible(source.reason or '')}"
    if result.fault:
        yield f"no release was made: {visible(result.fault)}"


def failed_run(message: str, error: Exception) -> State[RefreshResult]:
    """Failed, with this message alone.

    The data of a failed state have to be an exception. Prefect's engine raises it once more and
    logs it with the forty lines of its own way there; the state's line has said all by then.
    """
    for name in ("prefect.flow_runs", "prefect.engine"):
        logging.getLogger(name).addFilter(_is_news)
    return Failed(message=message, data=error)


def _is_news(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], TOLD))
