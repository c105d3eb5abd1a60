"""Makes a Prefect server know the deployments; what people set in its UI stays as they set it.

Prefect has no call that writes several deployments: one lists ours, each that is new or changed is
written, and one removes those that are no longer declared.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentUpdate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule

from flows.deployments import ENTRYPOINT, TIME_ZONE, Deployment
from flows.scheduled import refresh_map
from flows.telling.dead_runs import bury_dead_runs

TAG = "onemap"
OURS = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))

_ONE_AT_A_TIME = ConcurrencyOptions(collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
"""A look that would begin while another one goes on is not made up for: the next hour has one."""


@dataclass(frozen=True)
class Registered:
    """What the server knows now, by name: `made` anew or `kept`, and what was `removed`."""

    made: list[str]
    kept: list[str]
    removed: list[str]


def register(wanted: Collection[Deployment], declared: Collection[Deployment]) -> Registered:
    """Registers the deployments that are `wanted`; removes ours that are not `declared`.

    Of one that the server has, schedule and pause are left alone: people set them in the UI.
    """
    with get_client(sync_client=True) as client:
        known = {found.name: found for found in registered(client)}
        made = [one for one in wanted if one.name not in known]
        kept = [one for one in wanted if one.name in known]
        for deployment in made:
            _create(client, deployment)
        for deployment in kept:
            _update(client, known[deployment.name], deployment)
        names = {deployment.name for deployment in declared}
        gone = [found for name, found in known.items() if name not in names]
        _remove(client, [found.id for found in gone])
        bury_dead_runs(client)
    return Registered(
        [one.name for one in made], [one.name for one in kept], [found.name for found in gone]
    )


def registered(client: SyncPrefectClient) -> list[DeploymentResponse]:
    """Our deployments, as the server knows them."""
    return client.read_deployments(deployment_filter=OURS)


def _fields(deployment: Deployment) -> dict[str, Any]:
    """What the declarations say of it, and nobody edits, in Prefect's words."""
    return {
        "entrypoint": ENTRYPOINT,
        "parameters": dict(deployment.parameters),
        "tags": [TAG, deployment.map_id],
        "description": refresh_map.description,
        "parameter_openapi_schema": refresh_map.parameters.model_dump(exclude_unset=True),
    }


def _create(client: SyncPrefectClient, deployment: Deployment) -> None:
    cron = CronSchedule(cron=deployment.cron, timezone=TIME_ZONE)
    client.create_deployment(
        client.create_flow_from_name(refresh_map.name),
        deployment.name,
        schedules=[DeploymentScheduleCreate(schedule=cron)],
        concurrency_limit=1,
        concurrency_options=_ONE_AT_A_TIME,
        enforce_parameter_schema=True,
        **_fields(deployment),
    )


def _update(client: SyncPrefectClient, found: DeploymentResponse, deployment: Deployment) -> None:
    """Written only where something differs: each change plans the coming runs anew."""
    fields = _fields(deployment)
    fields["tags"] = [*fields["tags"], *(tag for tag in found.tags if tag not in fields["tags"])]
    same = all(_plain(getattr(found, name)) == _plain(value) for name, value in fields.items())
    if not same:
        client.update_deployment(found.id, DeploymentUpdate(**fields))


def _plain(value: Any) -> Any:
    """Lists without their order, which the server does not keep, and models as they are sent."""
    if isinstance(value, list):
        return sorted(value)
    return value.model_dump(exclude_unset=True) if hasattr(value, "model_dump") else value


def _remove(client: SyncPrefectClient, ids: list[UUID]) -> None:
    for identity in ids:
        client.delete_deployment(identity)
