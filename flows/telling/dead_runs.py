"""Runs whose worker died: without this, Prefect would call them running for ever.

A flow run shows every half minute that it lives. The server itself marks one as crashed that
stopped doing so, wherever its worker was, and so makes room for the next run of its deployment.
"""

from __future__ import annotations

from datetime import timedelta

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture

from flows.run_states import HELD
from flows.telling.automations import automation, put

NAME = "One Map: runs whose worker died"
DEAD_AFTER_SECONDS = 180.0
"""Six signs of life that did not come; a server that is started anew takes less."""
MESSAGE = (
    "the worker gave no sign of life: it was killed, or its machine stopped; the next look mends it"
)
_ALIVE = "prefect.flow-run.heartbeat"
_ENDS = ("Completed", HELD, "Failed", "Crashed", "Cancelling", "Cancelled")


def bury_dead_runs(client: SyncPrefectClient, seconds: float = DEAD_AFTER_SECONDS) -> None:
    """Has the server mark our runs as crashed that show no life for so long."""
    trigger = EventTrigger(
        match={"prefect.resource.id": "prefect.flow-run.*"},
        match_related={"prefect.resource.id": "prefect.tag.onemap", "prefect.resource.role": "tag"},
        for_each={"prefect.resource.id"},
        after={_ALIVE},
        expect={_ALIVE, *(f"prefect.flow-run.{name}" for name in _ENDS)},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(seconds=seconds),
    )
    crashed = ChangeFlowRunState(state=StateType.CRASHED, message=MESSAGE)
    put(client, [automation(NAME, trigger, crashed)])
