"""The flow that Prefect runs: one sentence of `flows.pipeline`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State

from flows import pipeline
from flows.due import BANGKOK, due_sources, next_due
from flows.job import Job, RefreshResult
from flows.opening import open_job, prepare
from flows.run_states import TOLD, failed_run, state_of
from flows.telling.reporting import report, run_log, watched
from geo.settings import from_environment
from geo.store import runs
from geo.store.looks import looks

PATIENCE_SECONDS = 1_800.0
"""How long a look that is due waits for a run by hand. It is nobody's time: the next one is in an
hour, and is not made while this one goes on."""


@flow(name="refresh_map", flow_run_name="refresh {map_id}")
def refresh_map(
    map_id: str,
    drops: str | None = None,
    only: list[str] | None = None,
    again: bool = False,
    due: bool = False,
) -> State[RefreshResult]:
    """Takes in the sources of a map, and publishes what changed.

    Args:
        map_id: the map
        drops: folder of the deliveries, if it is not the map's usual one
        only: ids of the sources to take in; all, if none are named
        again: what was decided before is read anew, too
        due: only what is due by its declared schedule
    """
    try:
        with watched(map_id):
            job = _open(map_id, drops)
            job = replace(job, patience=PATIENCE_SECONDS) if due else job
            wanted = _due(job, only) if due else only
            result = pipeline.refresh(job, only=wanted, again=again)
            report(job, result)
    except TOLD as error:
        return failed_run(str(error), error)
    return state_of(result, "nothing new" if result.sources else _nothing_due(job))


def _open(map_id: str, drops: str | None) -> Job:
    folder = Path(drops) if drops else None
    return open_job(from_environment(), map_id, folder, run_log(map_id))


def _due(job: Job, only: list[str] | None) -> list[str]:
    """Ids of the sources that are due now, of those that are asked for."""
    prepare(job)
    due = due_sources(job.view.sources, looks(job.engine), datetime.now(UTC))
    return [source.id for source in due if only is None or source.id in only]


def _nothing_due(job: Job) -> str:
    now = datetime.now(UTC)
    first = min(next_due(source.schedule, now) for source in job.view.sources)
    words = f"nothing is due until {first.astimezone(BANGKOK):%Y-%m-%d %H:%M} (Asia/Bangkok)"
    waiting = len(runs.holds(job.engine))
    return f"{words}; {waiting} held before, waiting for a person" if waiting else words
