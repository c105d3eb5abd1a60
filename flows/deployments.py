"""WHEN: the one list of deployments; `onemap deploy` registers, `onemap worker` serves them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from schemas.catalogue import Catalogue
from schemas.models import Schedule

TIME_ZONE = "Asia/Bangkok"

_DAYS = {"hour": "*", "day": "*", "week": "*", "month": "1"}


@dataclass(frozen=True)
class Deployment:
    """One flow with its parameters and its schedule (cron, in Asia/Bangkok)."""

    flow: str
    name: str
    cron: str
    parameters: dict[str, Any] = field(default_factory=dict)
    concurrency: int = 1
    """Runs of this deployment at once; the lease row is the lock, this only spares waiting."""


def deployments(catalogue: Catalogue) -> list[Deployment]:
    """For each map a nightly refresh, a run of each source on its own schedule, and an hourly
    publication of what these runs prepared."""
    return [
        deployment
        for map_id in catalogue.maps
        for deployment in (_refresh(map_id), *_sources(catalogue, map_id), _publish(map_id))
    ]


def _refresh(map_id: str) -> Deployment:
    return Deployment("refresh_map", f"refresh-{map_id}", "0 3 * * *", {"map_id": map_id})


def _sources(catalogue: Catalogue, map_id: str) -> Iterable[Deployment]:
    for source in catalogue.map_view(map_id).sources:
        yield Deployment(
            "ingest_source",
            f"ingest-{map_id}-{source.id}",
            cron(source.schedule),
            {"map_id": map_id, "source_id": source.id},
        )


def _publish(map_id: str) -> Deployment:
    return Deployment("publish_release", f"publish-{map_id}", "30 * * * *", {"map_id": map_id})


def cron(schedule: Schedule) -> str:
    """A declared schedule as a cron line; weekly is Monday, monthly the first day."""
    hour = "*" if schedule.every == "hour" else str(schedule.at.hour)
    weekday = "1" if schedule.every == "week" else "*"
    return f"{schedule.at.minute} {hour} {_DAYS[schedule.every]} * {weekday}"
