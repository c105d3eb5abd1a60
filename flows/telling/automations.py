"""Automations of a Prefect server, by name: made, or brought up to date as people left them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.events.schemas.automations import Automation, AutomationCore


def automation(name: str, trigger: Any, action: Any) -> AutomationCore:
    """One of ours: a trigger and what it does."""
    return AutomationCore(
        name=name,
        description="Made by One Map, and made anew by its next call; it may be paused.",
        tags=["onemap"],
        trigger=trigger,
        actions=[action],
    )


def put(client: SyncPrefectClient, wanted: Iterable[AutomationCore]) -> list[Automation]:
    """Makes the automations, or brings those of their names up to date; answers all others.

    Who paused one finds it paused. Doing it twice is doing it once.
    """
    found = {one.name: one for one in client.read_automations()}
    for one in wanted:
        known = found.pop(one.name, None)
        if known is None:
            client.create_automation(one)
        else:
            paused = one.model_copy(update={"enabled": known.enabled})
            client.update_automation(known.id, paused)
    return list(found.values())
