"""The list of deployments is data: one a map, for the maps that have something to look at."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from flows.deployments import ENTRYPOINT, HOURLY, TIME_ZONE, deployments, wanted
from flows.opening import has_deliveries
from geo.settings import Settings
from schemas.catalogue import load_catalogue
from schemas.errors import UnknownMapError

CATALOGUE = load_catalogue()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(project=tmp_path, home=tmp_path / "state")


def names(settings: Settings, named: list[str] | None = None) -> set[str]:
    return {deployment.map_id for deployment in wanted(CATALOGUE, settings, named)}


def test_every_map_has_one_deployment_that_takes_in_what_is_due() -> None:
    listed = deployments(CATALOGUE)
    assert [one.name for one in listed] == [f"refresh-{map_id}" for map_id in CATALOGUE.maps]
    for one in listed:
        assert one.parameters == {"map_id": one.map_id, "due": True}


def test_the_flow_takes_the_parameters() -> None:
    from flows.scheduled import refresh_map

    assert f"{refresh_map.fn.__module__}.{refresh_map.fn.__name__}" == ENTRYPOINT
    for one in deployments(CATALOGUE):
        refresh_map.validate_parameters(dict(one.parameters))


def test_only_maps_with_deliveries_are_deployed(settings: Settings) -> None:
    assert names(settings) == {"sample"}, "which makes its own"
    (settings.drops / "bangkok").mkdir(parents=True)
    assert names(settings) == {"sample", "bangkok"}
    (settings.drops / "songkhla").write_text("no folder")
    assert names(settings) == {"sample", "bangkok"}


def test_a_map_that_is_named_is_deployed_whatever_is_there(settings: Settings) -> None:
    assert names(settings, ["songkhla"]) == {"songkhla"}
    assert len(wanted(CATALOGUE, settings, ["songkhla", "songkhla"])) == 1
    with pytest.raises(UnknownMapError, match="atlantis"):
        names(settings, ["songkhla", "atlantis"])


def test_a_shared_folder_is_a_maps_where_its_files_lie(settings: Settings, tmp_path: Path) -> None:
    shared = replace(settings, delivered=tmp_path / "all")
    parks = tmp_path / "all/parks/public_park.csv"
    assert names(shared) == {"sample"}
    parks.parent.mkdir(parents=True)
    assert names(shared) == {"sample"}
    parks.write_text("id")
    assert names(shared) == {"sample", "bangkok"}
    (tmp_path / "all/songkhla").mkdir()
    assert names(shared) == {"sample", "bangkok", "songkhla"}, "a folder of its own"


def test_a_map_of_services_alone_needs_no_folder(settings: Settings) -> None:
    view = CATALOGUE.map_view("bangkok")
    source = view.sources[0].model_copy(update={"location": "https://agency.example/parks"})
    assert has_deliveries(settings, replace(view, sources=(source,)))
    assert not has_deliveries(settings, replace(view, sources=(source, view.sources[1])))


def test_prefect_plans_a_look_every_hour() -> None:
    import asyncio

    from prefect.server.schemas.schedules import CronSchedule

    start = datetime(2026, 1, 1, tzinfo=ZoneInfo(TIME_ZONE))
    planned = asyncio.run(CronSchedule(cron=HOURLY, timezone=TIME_ZONE).get_dates(30, start))
    assert planned[0] - start < timedelta(hours=1)
    assert [moment - planned[0] for moment in planned] == [timedelta(hours=n) for n in range(30)]
