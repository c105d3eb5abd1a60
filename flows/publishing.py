"""The end of the line: unify -> publish, for all layers of the map together.

A layer that cannot be built goes out as it was published last: what was prepared of it is taken
back, its runs become faults, and the others are published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from flows.engine import step
from flows.faults import Ending, contain, ending
from flows.job import Job, RefreshResult, SourceOutcome
from geo.errors import GeoError, LayerUnbuilt
from geo.load import take_back
from geo.publish import Release, publish
from geo.store import lease
from geo.unify import unify


@dataclass(frozen=True)
class Publication:
    """What came of one: the release, if anything changed; the layers that were taken back and why;
    and what kept the release from being made."""

    release: Release | None
    taken_back: dict[str, Ending] = field(default_factory=dict)
    fault: Ending | None = None


def finish(job: Job, outcomes: Sequence[SourceOutcome]) -> RefreshResult:
    """Publishes what changed. A source whose layer could not be built has not come through."""
    made = publish_changes(job)
    return RefreshResult(
        tuple(_after(outcome, made.taken_back.get(outcome.layer_id)) for outcome in outcomes),
        made.release,
        made.fault.reason.en if made.fault else None,
    )


def publish_changes(job: Job) -> Publication:
    """Places what the loads prepared, and publishes it as the next release if anything changed.

    A layer that cannot be built even as it was published last keeps the release from being made:
    the last one stays up, whole.
    """
    layers = [layer.id for layer in job.view.layers]
    taken_back: dict[str, Ending] = {}
    with lease.hold(job.engine, layers, wait_seconds=job.patience) as token:
        while True:
            came = contain(lambda: _unify_and_publish(job, token))
            if not isinstance(came, Exception):
                return Publication(came, taken_back)
            end = ending(came)
            if not isinstance(came, LayerUnbuilt):
                if isinstance(came, GeoError):
                    raise came
                return Publication(None, taken_back, end)
            layer = came.product
            if layer in taken_back:
                return Publication(None, taken_back, end)
            job.progress(f"{layer}: taken back")
            taken_back[layer] = end
            step(f"take back {layer}", take_back, job.engine, layer, token, end.reason)


def _unify_and_publish(job: Job, token: UUID) -> Release | None:
    step("unify", unify, job.engine, job.view.layers, token)
    return step("publish", _publish, job, token)


def _publish(job: Job, token: UUID) -> Release | None:
    return publish(
        job.engine,
        token,
        job.view,
        releases_folder=job.settings.releases,
        progress=job.progress,
    )


def _after(outcome: SourceOutcome, end: Ending | None) -> SourceOutcome:
    if end is None or outcome.outcome != "accepted":
        return outcome
    return replace(outcome, outcome="fault", reason=end.reason.en, reason_th=end.reason.th)
