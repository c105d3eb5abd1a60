"""The worker: makes the runs that are planned of our deployments, until it is stopped.

It pauses nothing and registers nothing. A server that is away is waited for; runs that go on
meanwhile go on. Of runs that nobody made in time (the worker was stopped), the last one is made.
"""

from __future__ import annotations

import asyncio
import math
import os
import signal
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Thread
from typing import Any, cast
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.runner import Runner
from prefect.runner.server import start_webserver
from prefect.settings import get_current_settings
from prefect.states import Cancelled

from flows.deployments import ENTRYPOINT
from flows.job import Progress
from flows.registering import OURS
from flows.serving import REMINDER_SECONDS

OVERTAKEN = "a later look was planned by the time that a worker came; that one is made"


@dataclass(frozen=True)
class _Known:
    """A deployment that the server has already, in the form that a runner takes."""

    id: UUID
    name: str
    storage: None = None

    async def aapply(self) -> UUID:
        """Leaves it as it is."""
        return self.id


def work(names: Collection[str], say: Progress) -> None:
    """Serves the deployments of these names until SIGTERM or SIGINT comes.

    Who may write to the server may name any program in a deployment: such a one is not served, and
    the processes of the runs have our flow named in their environment.
    """
    os.environ["PREFECT__FLOW_ENTRYPOINT"] = ENTRYPOINT  # read by the processes of the runs
    asyncio.run(_Worker(frozenset(names), say).serve())


class _Worker:
    """The loop, and what it has said last: the same line is not said at each look."""

    def __init__(self, names: frozenset[str], say: Progress) -> None:
        self._names = names
        self._say = say
        self._said = ("", 0.0)
        self._stop = asyncio.Event()

    async def serve(self) -> None:
        """Looks for planned runs every few seconds (PREFECT_RUNNER_POLL_FREQUENCY)."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop.set)
        settings = get_current_settings().runner
        async with get_client() as client, Runner(pause_on_shutdown=False) as runner:
            if settings.server.enable:  # says at /health whether the worker still looks
                Thread(target=start_webserver, args=[runner], daemon=True).start()
            while not self._stop.is_set():
                await self._look(client, runner)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), settings.poll_frequency)
            self._say("stopping: nothing is paused; a run that goes on is cancelled")
            await runner.astop()

    async def _look(self, client: PrefectClient, runner: Runner) -> None:
        """Starts what is planned by now. A server that is away is asked again at the next look."""
        try:
            serving = await self._deployments(client)
            for known in serving:
                await runner.aadd_deployment(cast(Any, known))
            await _cancel_overtaken(client, serving)
            await runner._get_and_submit_flow_runs()  # type: ignore[no-untyped-call]
        except httpx.TransportError as error:
            self._remind(f"waiting: the Prefect server does not answer ({type(error).__name__})")
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            self._remind(f"waiting: the Prefect server answers with HTTP status {status}")
        else:
            names = ", ".join(sorted(known.name for known in serving))
            self._remind(
                f"serving {names}"
                if serving
                else "nothing to serve: `onemap deploy` registers the maps",
                seconds=math.inf if serving else REMINDER_SECONDS,
            )

    async def _deployments(self, client: PrefectClient) -> list[_Known]:
        """Those of ours that the server has now: one that is registered later is served, too."""
        found = await client.read_deployments(deployment_filter=OURS)
        ours = (one for one in found if one.name in self._names and one.entrypoint == ENTRYPOINT)
        return [_Known(one.id, one.name) for one in ours]

    def _remind(self, words: str, seconds: float = REMINDER_SECONDS) -> None:
        """Says what is new, and what lasts now and then."""
        before, at = self._said
        if words != before or time.monotonic() - at >= seconds:
            self._say(words)
            self._said = (words, time.monotonic())


async def _cancel_overtaken(client: PrefectClient, serving: list[_Known]) -> None:
    """Of the runs of a deployment that its schedule planned and nobody made, the last one stays.

    What a person asked for in the UI is made in any case.
    """
    waiting = await client.get_scheduled_flow_runs_for_deployments(
        [known.id for known in serving], scheduled_before=datetime.now(UTC)
    )
    for run in overtaken(waiting):
        await client.set_flow_run_state(run.id, Cancelled(message=OVERTAKEN))


def overtaken(waiting: Iterable[FlowRun]) -> Iterator[FlowRun]:
    """Planned runs, in order of time, that have a later one of the same deployment."""
    latest: dict[UUID | None, FlowRun] = {}
    for run in waiting:
        if run.auto_scheduled:
            if run.deployment_id in latest:
                yield latest[run.deployment_id]
            latest[run.deployment_id] = run
