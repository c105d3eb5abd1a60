"""Which judgement a run is due: the gate's, a re-reading's, or that of a person's word."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flows.engine import step
from flows.job import Job
from geo.decided import hold_rejected, let_through, seen
from geo.gate import gate
from geo.rereading import judge_again
from geo.standing import because
from geo.states import Accepted, Deciding, Rejection, Snapshot, Validated, Verdict
from geo.store import runs
from geo.store.current import current
from geo.store.database import connect
from schemas.models import Source


@dataclass(frozen=True)
class Past:
    """What is known of a source and of the bytes that it delivers now.

    `because` says why bytes that were judged before are judged again; None for new ones.
    """

    last: Accepted | None
    rejection: Rejection | None
    reread: bool
    because: str | None


def past_of(job: Job, source: Source, taken: Snapshot, now: Deciding) -> Past:
    """The past of these bytes, as the database knows it; the caller holds the layer's lease."""
    with connect(job.engine) as connection:
        last = runs.last_accepted(connection, source.id)
        before = runs.decided_under(connection, source.id, taken.sha256)
        rejection = runs.rejection(connection, source.id, taken.sha256)
    reread = last is not None and last.snapshot_sha256 == taken.sha256
    why = because(before, now) if before else None
    if reread and why is None:
        why = "it was asked for, or its rows had left the map"
    return Past(last, rejection, reread, why)


def judge(
    job: Job, source: Source, delivery: Validated, past: Past, decision: runs.Decision | None
) -> Verdict:
    """Whether the delivery may go on the map; of a held one, what there is to see is kept."""
    if decision:
        verdict = _approved(job, delivery, decision)
    else:
        verdict = _judged(job, source, delivery, past)
        verdict = hold_rejected(verdict, past.rejection) if past.rejection else verdict
    more: dict[str, Any] = {"because": past.because} if past.because else {}
    if verdict.outcome == "held":
        more["seen"] = seen(delivery)
    return replace(verdict, evidence={**verdict.evidence, **more})


def _judged(job: Job, source: Source, delivery: Validated, past: Past) -> Verdict:
    layer = job.view.layer(source.layer)
    if not past.reread:
        return step(f"gate {source.id}", gate, delivery, layer, past.last)
    with connect(job.engine) as connection:
        before = current(connection, source, layer)
        return step(f"compare {source.id}", judge_again, delivery, before)


def _approved(job: Job, delivery: Validated, decision: runs.Decision) -> Verdict:
    with connect(job.engine) as connection:
        approved = runs.seen(connection, decision.run_id)
    word = {"run": decision.run_id, "by": decision.by, "reason": decision.reason}
    return let_through(delivery, approved, {"approved": word})
