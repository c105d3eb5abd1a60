"""What a run would do: all steps to the gate, and nothing is written.

Deliveries are copied aside and are gone with the preview: the store of snapshots, the drops and the
releases stay as they are, and so does the database. Sources are judged within the boundaries that
the run itself would bring.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import shapely

from flows import pipeline
from flows.faults import contain, ending
from flows.job import Job, Progress, RefreshResult, SourceOutcome
from flows.judging import Past, judge, past_of
from flows.opening import open_job
from geo import scratch
from geo.errors import ConfigurationError
from geo.settings import Settings
from geo.space.areas import AdminAreas, Areas
from geo.standing import deciding
from geo.states import Deciding, Refusal, Validated
from geo.store.boundaries import load_areas
from geo.store.current import current
from geo.store.database import connect
from geo.store.declare import is_prepared
from geo.store.migrate import pending
from schemas.catalogue import load_catalogue
from schemas.models import Role, Source

_LEVELS = {
    Role.district: ("districts", "claimed_district_code"),
    Role.subdistrict: ("subdistricts", "claimed_subdistrict_code"),
}

_NO_PAST = Past(None, None, reread=False, because=None)


@dataclass
class _Preview:
    """A job of which nothing is kept; `boundaries` are those that it has seen so far, by level."""

    job: Job
    prepared: bool
    boundaries: dict[str, Any] = field(default_factory=dict)

    def areas(self) -> AdminAreas | None:
        """The boundaries of the release that would come; None while a level is missing."""
        known = load_areas(self.job.engine) if self.prepared else None
        if known:
            return replace(known, **self.boundaries)
        complete = len(self.boundaries) == len(_LEVELS)
        return AdminAreas(**self.boundaries) if complete else None

    def deciding(self, source: Source) -> Deciding:
        """All that would decide about a source; also boundaries that the run would move."""
        job = self.job
        now = deciding(job.engine, job.view, source, job.catalogue)
        if self.boundaries and job.view.layer(source.layer).role not in _LEVELS:
            return Deciding({**now.parts, "boundaries": "those of this run"})
        return now

    def note(self, source: Source, delivery: Validated) -> None:
        """Boundaries that were accepted, and are others, hold for the sources after them."""
        role = self.job.view.layer(source.layer).role
        if role in _LEVELS:
            level, code = _LEVELS[role]
            accepted = delivery.accepted.table()
            rows = accepted.filter(pc.is_valid(accepted["geom"])).sort_by(code)
            codes, districts, shapes = (
                rows[name].to_numpy(zero_copy_only=False)
                for name in (code, "district_code", "geom")
            )
            self.boundaries[level] = Areas(codes, shapely.from_wkb(shapes), districts)


@contextmanager
def open_preview(
    settings: Settings, map_id: str, drops: Path | None, progress: Progress
) -> Iterator[Job]:
    """A job whose state folder is another one, and is gone with the block.

    Raises as `flows.opening.open_job`.
    """
    with scratch.folder("onemap-preview-") as folder:
        folder.chmod(0o711)  # the reader may be another user
        aside = replace(settings, home=folder)
        if drops is None and load_catalogue().map_view(map_id).map.sample:
            from samples import ensure_drops

            drops = ensure_drops(aside.drops / map_id)
        job = open_job(settings, map_id, drops, progress)
        yield replace(job, settings=aside)


def preview(job: Job, *, only: Collection[str] | None = None, again: bool = False) -> RefreshResult:
    """What `flows.pipeline.refresh` would come to, without a release; `job` is of `open_preview`.

    Features are counted against the rows that are there now. Raises ConfigurationError for a source
    that the map does not have, and for a database of an earlier version of One Map.
    """
    wanted = pipeline.wanted_sources(job, only)
    here = _Preview(job, _is_prepared(job))
    return RefreshResult(tuple(_previewed(here, source, again) for source in wanted), None)


def _is_prepared(job: Job) -> bool:
    with connect(job.engine) as connection:
        prepared = is_prepared(connection)
        if prepared and pending(connection):
            raise ConfigurationError(
                f"the database of {job.view.map.id} is that of an earlier version of One Map; "
                "bring it up to date with `onemap db migrate`"
            )
    return prepared


def _previewed(here: _Preview, source: Source, again: bool) -> SourceOutcome:
    started = time.monotonic()
    came = contain(lambda: _judged(here, source, again))
    outcome = (
        came
        if isinstance(came, SourceOutcome)
        else pipeline.ended(source, None, pipeline.unread(here.job, source, came))
    )
    return replace(outcome, seconds=time.monotonic() - started)


def _judged(here: _Preview, source: Source, again: bool) -> SourceOutcome | Refusal:
    job = here.job
    taken = pipeline.take_snapshot(job, source)
    if isinstance(taken, Refusal):
        return taken
    past = _NO_PAST
    if here.prepared:
        now = here.deciding(source)
        known = None if again else pipeline.standing_outcome(job, source, taken, now)
        if known:
            return known
        past = past_of(job, source, taken, now)
    delivery = pipeline.understand(job, source, taken, here.areas)
    if isinstance(delivery, Refusal):
        return pipeline.ended(source, None, ending(delivery), past.because)
    verdict = judge(job, source, delivery, past, None)
    counted = replace(pipeline.counts(source, None, delivery, verdict), because=past.because)
    if verdict.outcome != "accepted":
        return counted
    added, changed, removed = _changes(job, source, delivery)
    if added or changed or removed:
        here.note(source, delivery)
    return replace(counted, added=added, changed=changed, removed=removed)


def _changes(job: Job, source: Source, delivery: Validated) -> tuple[int, int, int]:
    """Features that are new, other or gone, as a load would count them."""
    with connect(job.engine) as connection:
        before = current(connection, source, job.view.layer(source.layer)).versions
    ids, hashes = "feature_id", "content_hash"
    now = delivery.accepted.table([ids, hashes])
    at = pc.index_in(_bytes(now, ids), value_set=_bytes(before, ids))
    here, there = now.filter(pc.is_valid(at)), before.take(pc.drop_null(at))
    other = pc.not_equal(_bytes(here, hashes), _bytes(there, hashes))
    changed = pc.sum(other).as_py() or 0
    return now.num_rows - here.num_rows, changed, before.num_rows - there.num_rows


def _bytes(rows: pa.Table, name: str) -> pa.ChunkedArray:
    return rows[name].cast(pa.binary())
