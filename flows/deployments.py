"""WHEN: one deployment a map, which looks every hour and takes in what is due (flows/due.py).

`onemap deploy` registers them, `onemap worker` serves them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from flows.opening import has_deliveries
from geo.settings import Settings
from schemas.catalogue import Catalogue

TIME_ZONE = "Asia/Bangkok"
ENTRYPOINT = "flows.scheduled.refresh_map"
"""What runs: the worker runs nothing else, whatever a deployment says."""
HOURLY = "5 * * * *"
"""Some minutes past: due times are mostly full hours, and clocks of two machines differ."""


@dataclass(frozen=True)
class Deployment:
    """One map, looked after by one flow on one schedule (cron, in Asia/Bangkok)."""

    map_id: str
    cron: str = HOURLY
    parameters: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", {"map_id": self.map_id, "due": True})

    @property
    def name(self) -> str:
        """What Prefect calls it."""
        return f"refresh-{self.map_id}"


def deployments(catalogue: Catalogue) -> list[Deployment]:
    """The deployment of every map that is declared."""
    return [Deployment(map_id) for map_id in catalogue.maps]


def wanted(
    catalogue: Catalogue, settings: Settings, named: Collection[str] | None = None
) -> list[Deployment]:
    """The deployments of the maps that are named; else of those that have deliveries to look for.

    Raises UnknownMapError.
    """
    if named:
        return [Deployment(catalogue.map_view(map_id).map.id) for map_id in dict.fromkeys(named)]
    return [
        deployment
        for deployment in deployments(catalogue)
        if has_deliveries(settings, catalogue.map_view(deployment.map_id))
    ]
