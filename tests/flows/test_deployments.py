"""The list of deployments is data, and every line of it can run."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from flows.deployments import TIME_ZONE, Deployment, cron, deployments
from schemas.catalogue import load_catalogue
from schemas.models import Schedule

CATALOG = load_catalogue()
LISTED = deployments(CATALOG)


def test_every_map_is_refreshed_and_every_source_looked_at() -> None:
    names = {deployment.name for deployment in LISTED}
    assert len(names) == len(LISTED), "names are unique"
    for map_id in CATALOG.maps:
        assert f"refresh-{map_id}" in names
        assert f"publish-{map_id}" in names, "what a source's run prepares is published"
        for source in CATALOG.map_view(map_id).sources:
            assert f"ingest-{map_id}-{source.id}" in names


@pytest.mark.parametrize("deployment", LISTED, ids=lambda deployment: deployment.name)
def test_flows_take_the_parameters(deployment: Deployment) -> None:
    from flows import scheduled

    flow = getattr(scheduled, deployment.flow)
    flow.validate_parameters(deployment.parameters)


@pytest.mark.parametrize(
    ("schedule", "line"),
    [
        (Schedule(every="hour", at=time(0, 15)), "15 * * * *"),
        (Schedule(every="day", at=time(2, 30)), "30 2 * * *"),
        (Schedule(every="week", at=time(2, 0)), "0 2 * * 1"),
        (Schedule(every="month", at=time(2, 0)), "0 2 1 * *"),
    ],
)
def test_schedules_are_cron_lines_in_bangkok_time(schedule: Schedule, line: str) -> None:
    assert cron(schedule) == line


def test_prefect_reads_the_schedules_as_bangkok_time() -> None:
    import asyncio

    from prefect.server.schemas.schedules import CronSchedule

    start = datetime(2026, 1, 1, tzinfo=ZoneInfo(TIME_ZONE))
    found = CronSchedule(cron="30 2 * * *", timezone=TIME_ZONE)
    (first,) = asyncio.run(found.get_dates(1, start))
    assert first.astimezone(ZoneInfo(TIME_ZONE)).strftime("%d %H:%M") == "01 02:30"
