"""The flows that Prefect runs. Each is one sentence of `flows.pipeline`."""

from __future__ import annotations

from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows import pipeline
from flows.job import Job, RefreshResult, SourceOutcome
from flows.opening import open_job, open_review, prepare
from flows.publishing import publish_changes
from flows.reporting import report, run_log, watched
from geo.settings import from_environment


@flow(name="ingest_source", flow_run_name="ingest {source_id} of {map_id}")
def ingest_source(map_id: str, source_id: str, drops: str | None = None) -> State[SourceOutcome]:
    """Takes in one source and prepares it for the coming release."""
    job = _open(map_id, drops)
    source = job.view.source(source_id)
    prepare(job)
    outcome = pipeline.ingest(job, source)
    if outcome.ended_well:
        return Completed(message=f"{source_id}: {outcome.outcome}", data=outcome)
    return Failed(message=f"{source_id}: {outcome.outcome}: {outcome.reason}", data=outcome)


@flow(name="refresh_map", flow_run_name="refresh {map_id}")
def refresh_map(
    map_id: str, drops: str | None = None, only: list[str] | None = None, again: bool = False
) -> State[RefreshResult]:
    """Takes in every source, or only some, and publishes what changed.

    The run shows as failed where a source was refused or failed; the others are on the map.
    """
    with watched(map_id):
        job = _open(map_id, drops)
        result = pipeline.refresh(job, only=only, again=again)
        report(job, result)
    if result.ended_well:
        release = f"release {result.release.number}" if result.release else "nothing new"
        return Completed(message=release, data=result)
    faults = [result.fault] if result.fault else []
    bad = [source for source in result.sources if not source.ended_well]
    names = "; ".join([*(f"{source.source_id}: {source.reason}" for source in bad), *faults])
    return Failed(message=names, data=result)


@flow(name="publish_release", flow_run_name="publish {map_id}")
def publish_release(map_id: str) -> State[int | None]:
    """Publishes what earlier loads prepared; returns the new release, if any.

    The run shows as failed where a layer could not be built; the others are on the map.
    """
    job = open_review(from_environment(), map_id)
    prepare(job)
    made = publish_changes(job)
    faults = [f"{layer}: {end.reason.en}" for layer, end in made.taken_back.items()]
    if made.fault:
        faults.append(made.fault.reason.en)
    number = made.release.number if made.release else None
    message = "; ".join(faults) or (f"release {number}" if number else "nothing new")
    return (Failed if faults else Completed)(message=message, data=number)


def _open(map_id: str, drops: str | None) -> Job:
    folder = Path(drops) if drops else None
    return open_job(from_environment(), map_id, folder, run_log(map_id))
