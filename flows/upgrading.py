"""What a new version of One Map, or of its libraries, would change on a map; and one word on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flows import pipeline
from flows.deciding import let_through
from flows.job import Job, RefreshResult, SourceOutcome
from flows.opening import prepare
from flows.publishing import finish
from geo.rereading import Differences, compare
from geo.snapshot import reopen
from geo.standing import because, deciding
from geo.states import Accepted, Refusal
from geo.store import runs
from geo.store.current import current
from geo.store.database import connect
from geo.store.declare import is_prepared
from schemas.models import Source


@dataclass(frozen=True)
class Change:
    """A source whose last accepted bytes would be read again, why, and what they would give."""

    source_id: str
    because: str
    gives: Differences | Refusal


def preview(job: Job) -> Iterator[Change]:
    """What an upgrade would read again, source by source; nothing is written.

    The database may be that of an earlier version. Places are judged within the boundaries that it
    has now.
    """
    for source, last in _accepted(job):
        now = deciding(job.engine, job.view, source, job.catalogue)
        why = because(last.deciding, now)
        if why:
            yield Change(source.id, why, _gives(job, source, last))


def upgrade(job: Job, *, by: str, reason: str) -> RefreshResult:
    """Reads again what no longer stands, lets through what is held of it, and publishes.

    It is one decision, by name and with a reason, and goes source by source, boundaries first, for
    places are judged within them. Bytes that a person rejected before are left to their own
    decision. Raises ConfigurationError without a name or a reason.
    """
    runs.require_words(by, reason)
    prepare(job)
    number = runs.begin_upgrade(job.engine, by=by, reason=reason)
    outcomes = [_upgraded(job, source, last, by, reason, number) for source, last in _accepted(job)]
    return finish(job, outcomes)


def _upgraded(
    job: Job, source: Source, last: Accepted, by: str, reason: str, number: int
) -> SourceOutcome:
    assert last.snapshot_sha256 is not None
    taken = reopen(source.id, last.snapshot_sha256, job.settings.snapshots)
    outcome = pipeline.bring_in(job, source, taken)
    if outcome.run_id in runs.held_rereadings(job.engine):
        return let_through(job, runs.Decision(outcome.run_id, by, reason, number))
    return outcome


def _gives(job: Job, source: Source, last: Accepted) -> Differences | Refusal:
    assert last.snapshot_sha256 is not None
    taken = reopen(source.id, last.snapshot_sha256, job.settings.snapshots)
    delivery = pipeline.understand(job, source, taken)
    if isinstance(delivery, Refusal):
        return delivery
    with connect(job.engine) as connection:
        before = current(connection, source, job.view.layer(source.layer))
        return compare(before, delivery.accepted)


def _accepted(job: Job) -> Iterator[tuple[Source, Accepted]]:
    with connect(job.engine) as connection:
        if not is_prepared(connection):
            return
    for source in job.view.sources:
        with connect(job.engine) as connection:
            last = runs.last_accepted(connection, source.id)
        if last and last.snapshot_sha256:
            yield source, last
