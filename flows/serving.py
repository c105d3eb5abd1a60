"""Registers the deployments with a Prefect server, and serves their runs."""

from __future__ import annotations

import os

from prefect import Flow, serve
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron

from flows import scheduled
from flows.deployments import TIME_ZONE, Deployment
from geo.errors import ConfigurationError


def register(listed: list[Deployment]) -> list[str]:
    """Makes the server know every deployment; returns their names. Raises ConfigurationError."""
    _require_server()
    for deployment in listed:
        _runner_deployment(deployment).apply()
    return [f"{deployment.flow}/{deployment.name}" for deployment in listed]


def work(listed: list[Deployment]) -> None:
    """Serves scheduled and requested runs until it is stopped. Raises ConfigurationError."""
    _require_server()
    serve(*(_runner_deployment(deployment) for deployment in listed))


def _runner_deployment(deployment: Deployment) -> RunnerDeployment:
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


def _require_server() -> None:
    if not os.environ.get("PREFECT_API_URL"):
        raise ConfigurationError(
            "there is no Prefect server: start one with `prefect server start` and set "
            "PREFECT_API_URL, or use `onemap run`, which needs none"
        )
