"""Registers the deployments with a Prefect server, and serves their runs.

Prefect is imported once the server has answered: whether it is there is known without.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from flows.deployments import TIME_ZONE, Deployment
from geo.errors import ConfigurationError, PrefectUnreachable

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.deployments.runner import RunnerDeployment

PROBE_SECONDS = 3.0


def register(listed: list[Deployment]) -> list[str]:
    """Makes the server know every deployment; returns their names. Raises as `require_server`."""
    require_server()
    for deployment in listed:
        _runner_deployment(deployment).apply()
    return [f"{deployment.flow}/{deployment.name}" for deployment in listed]


def work(listed: list[Deployment]) -> None:
    """Serves scheduled and requested runs until it is stopped. Raises as `require_server`."""
    require_server()
    from prefect import serve

    serve(*(_runner_deployment(deployment) for deployment in listed))


def _runner_deployment(deployment: Deployment) -> RunnerDeployment:
    from prefect.deployments.runner import RunnerDeployment
    from prefect.schedules import Cron

    from flows import scheduled

    flow: Flow[..., object] = getattr(scheduled, deployment.flow)
    made = flow.to_deployment(
        deployment.name,
        schedule=Cron(deployment.cron, timezone=TIME_ZONE),
        parameters=deployment.parameters,
        concurrency_limit=deployment.concurrency,
        tags=["onemap", deployment.parameters["map_id"]],
    )
    assert isinstance(made, RunnerDeployment), "called outside of an event loop"
    return made


def require_server() -> None:
    """Asks the server once whether it is there.

    Raises ConfigurationError if none is named, PrefectUnreachable if it does not answer.
    """
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        raise ConfigurationError(
            "there is no Prefect server: start one with `prefect server start` and set "
            "PREFECT_API_URL, or use `onemap run`, which needs none"
        )
    try:
        answer = httpx.get(f"{url.rstrip('/')}/health", timeout=PROBE_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise PrefectUnreachable(_shown(url), str(error) or type(error).__name__) from error
    if answer.is_server_error:
        raise PrefectUnreachable(_shown(url), f"HTTP status {answer.status_code}")


def _shown(url: str) -> str:
    """The address without a user and a password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
