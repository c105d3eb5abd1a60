"""Rows on their way to the database while the next batch is worked on.

What comes through here has been copied when the load begins, which then has history to write and
nothing to wait for. The stage is the run's own, and nothing leaves it before the gate; whatever
fails here is left to the load, which copies from the disk and tells what is wrong.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import Self
from uuid import UUID

import pyarrow as pa

from flows.job import Job
from geo.errors import StepTimeout
from geo.load import load, load_staged
from geo.states import Loaded, Validated, Verdict
from geo.store.runs import Decision
from geo.store.staging import Stage, staging
from schemas.models import Source


class Copying:
    """The accepted rows of one run of a source; a context, with which the stage goes."""

    def __init__(self, job: Job, source: Source, run_id: int) -> None:
        self._job, self._source, self._run_id = job, source, run_id
        self._layer = job.view.layer(source.layer)
        self._held = ExitStack()
        self._stage: Stage | None = None
        self._is_given_up = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._give_up()

    def add(self, rows: pa.Table) -> None:
        """The accepted rows of a batch."""
        if self._is_given_up:
            return
        try:
            if self._stage is None:
                opened = staging(self._job.engine, self._layer, self._source, self._run_id)
                self._stage = self._held.enter_context(opened)
            self._stage.add(rows)
        except StepTimeout:
            raise
        except Exception:  # noqa: BLE001  the load meets it again, and tells
            self._give_up()

    def load(
        self, delivery: Validated, verdict: Verdict, token: UUID, decision: Decision | None = None
    ) -> Loaded:
        """`geo.load.load`, without the copying that was done; when it is tried again, with all."""
        stage = None if self._is_given_up else self._stage
        if stage is None:
            rest = (self._source, self._layer, token, decision)
            return load(self._job.engine, self._run_id, delivery, verdict, *rest)
        try:
            return load_staged(stage, delivery, verdict, token, decision)
        finally:
            self._give_up()

    def _give_up(self) -> None:
        self._is_given_up = True
        with suppress(Exception):
            self._held.close()
