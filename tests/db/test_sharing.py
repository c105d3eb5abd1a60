"""What did not change since the last release is the same file there and here, and whole."""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from geo.errors import ReleaseUnverified
from geo.publish import Release, publish
from geo.publishing import content
from geo.publishing.build import build_release
from geo.publishing.publication import Publication
from geo.store import lease
from geo.store.database import open_engine, transaction
from schemas.catalogue import MapView
from tests.db.workshop import (
    PHRA_NAKHON,
    Workshop,
    files_of,
    furnish,
    layer_of,
    open_workshop,
    published,
)
from tests.tiles import shallow

UNTOUCHED = ("districts", "subdistricts", "health_catchments", "housing_communities")


@pytest.fixture
def city(database: Callable[..., str], tmp_path: Path) -> Workshop:
    """A small city whose first release is published."""
    workshop = furnish(open_workshop(database(), tmp_path / "releases", shallow))
    published(workshop)
    return workshop


def test_only_the_layer_that_changed_is_written_anew(city: Workshop, tmp_path: Path) -> None:
    city.put("parks", "2", "POINT(100.49 13.75)", name_th="สวนใหม่")
    second = published(city)

    first = city.releases / "bangkok" / "1"
    names = {name for layer in UNTOUCHED for name in names_of(second, layer)}
    assert len(names) == 5 * len(UNTOUCHED)
    assert {name for name in names if (first / name).samefile(second.folder / name)} == names
    for name in names_of(second, "parks"):
        assert (second.folder / name).stat().st_nlink == 1
    assert bytes_of(second.folder) == bytes_of(built_from_nothing(city, tmp_path / "alone"))
    parks = layer_of(second.manifest, "parks")
    assert (parks["features"], layer_of(second.manifest, "districts")["features"]) == (2, 1)
    earlier = json.loads((first / "manifest.json").read_text("utf-8"))
    for layer in UNTOUCHED:  # the tags that the web gives its files are made of these
        assert layer_of(second.manifest, layer) == layer_of(earlier, layer)


def test_what_ended_is_a_change_as_well(city: Workshop, tmp_path: Path) -> None:
    city.execute("update core.parks set release_to = 2")
    city.execute(
        "update meta.run set rows_published = 0, rows_quarantined = 2 where layer_id = 'parks'"
    )
    second = published(city)
    assert layer_of(second.manifest, "parks")["features"] == 0
    assert bytes_of(second.folder) == bytes_of(built_from_nothing(city, tmp_path / "alone"))


def test_tiles_of_shared_and_new_layers_lie_in_the_order_of_the_map(
    city: Workshop, tmp_path: Path
) -> None:
    """The lowest layer changes: it is built last, and stays the lowest."""
    city.put("districts", "1002", PHRA_NAKHON, district_code="1002", name_th="ดุสิต")
    second = published(city)
    assert bytes_of(second.folder) == bytes_of(built_from_nothing(city, tmp_path / "alone"))


def test_where_no_layer_changed_no_archive_is_written(city: Workshop) -> None:
    """A licence is in the manifest alone."""
    agencies = {
        name: agency.model_copy(update={"licence": city.view.map.title})
        for name, agency in city.view.agencies.items()
    }
    second = published(city, agencies=agencies)
    first = city.releases / "bangkok" / "1"
    archives = list((second.folder / "tiles").iterdir())
    assert len(archives) == 6
    assert all(path.samefile(first / "tiles" / path.name) for path in archives)
    assert second.manifest["sources"][0]["licence"] == city.view.map.title.model_dump()


def retitle(city: Workshop) -> dict[str, Any]:
    parks = city.view.layer("parks")
    other = parks.model_copy(update={"title": city.view.map.title})
    return {"layers": tuple(other if x.id == "parks" else x for x in city.view.layers)}


def say_otherwise_who_delivers(city: Workshop) -> dict[str, Any]:
    (source,) = (source for source in city.view.sources if source.layer == "parks")
    agency = city.view.agencies[source.agency].model_copy(update={"title": city.view.map.title})
    return {"agencies": {**city.view.agencies, source.agency: agency}}


@pytest.mark.parametrize("change", [retitle, say_otherwise_who_delivers])
def test_what_is_declared_and_shows_is_in_the_files(
    change: Callable[[Workshop], dict[str, Any]], city: Workshop, tmp_path: Path
) -> None:
    changed = change(city)
    second = published(city, **changed)
    city.view = replace(city.view, **changed)
    assert bytes_of(second.folder) == bytes_of(built_from_nothing(city, tmp_path / "alone"))
    first = city.releases / "bangkok" / "1"
    archives = {name for name in names_of(second, "parks") if name.startswith("tiles/")}
    assert not any((first / name).exists() for name in archives), "it has other words in it"


@pytest.mark.parametrize("file", ["csv", "pmtiles"])
def test_a_damaged_file_is_not_carried_on(file: str, city: Workshop, tmp_path: Path) -> None:
    first = city.releases / "bangkok" / "1"
    (entry,) = [
        layer["files"][file]
        for layer in published_manifest(city)["layers"]
        if layer["id"] == "districts"
    ]
    damaged = first / entry["path"]
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1  # of the same size
    damaged.write_bytes(content)

    city.put("parks", "2", "POINT(100.49 13.75)", name_th="สวนใหม่")
    second = published(city)

    assert layer_of(second.manifest, "districts")["files"][file]["sha256"] == entry["sha256"]
    assert bytes_of(second.folder) == bytes_of(built_from_nothing(city, tmp_path / "alone"))


@pytest.mark.parametrize("gone", ["data/districts.gpkg", ""])
def test_what_is_no_longer_there_is_built_anew(gone: str, city: Workshop, tmp_path: Path) -> None:
    first = city.releases / "bangkok" / "1"
    (first / gone).rename(tmp_path / "gone")
    city.put("parks", "2", "POINT(100.49 13.75)", name_th="สวนใหม่")
    second = published(city)
    assert bytes_of(second.folder) == bytes_of(built_from_nothing(city, tmp_path / "alone"))


def test_a_history_that_somebody_wrote_in_is_read_again(city: Workshop, tmp_path: Path) -> None:
    city.execute(
        "update core.districts set district_code = '1002', content_hash = 'another hash 123'"
    )
    city.put("parks", "2", "POINT(100.49 13.75)", name_th="สวนใหม่")
    second = published(city)
    assert b"1002" in (second.folder / "data" / "districts.csv").read_bytes()
    assert bytes_of(second.folder) == bytes_of(built_from_nothing(city, tmp_path / "alone"))


def test_another_library_makes_everything_anew(
    city: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "_libraries", lambda: {"pyarrow": "another"})
    city.put("parks", "2", "POINT(100.49 13.75)", name_th="สวนใหม่")
    second = published(city)
    shared = [
        path for path in second.folder.rglob("*") if path.is_file() and path.stat().st_nlink > 1
    ]
    assert shared == []


def test_a_column_that_the_database_hides_is_not_carried_on(city: Workshop) -> None:
    city.execute(
        "update meta.layer_column set privacy = 'internal' "
        "where layer_id = 'districts' and column_name = 'population'"
    )
    city.put("parks", "2", "POINT(100.49 13.75)", name_th="สวนใหม่")
    with pytest.raises(ReleaseUnverified, match="population"):
        city.publish()
    assert city.pointer() == 1


@pytest.mark.parametrize("problem", [errno.EXDEV, errno.EMLINK])
def test_where_no_file_can_have_two_names_it_is_copied(
    problem: int, city: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(problem, os.strerror(problem))

    monkeypatch.setattr(os, "link", refuse)
    city.put("parks", "2", "POINT(100.49 13.75)", name_th="สวนใหม่")
    second = published(city)
    assert all(path.stat().st_nlink == 1 for path in second.folder.rglob("*") if path.is_file())
    assert bytes_of(second.folder) == bytes_of(built_from_nothing(city, tmp_path / "alone"))


def test_the_later_release_outlives_the_earlier(city: Workshop) -> None:
    city.put("parks", "2", "POINT(100.49 13.75)", name_th="สวนใหม่")
    second = published(city)
    before = bytes_of(second.folder)
    first = city.releases / "bangkok" / "1"
    for path in sorted(first.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert bytes_of(second.folder) == before


def test_killed_while_it_shares_readers_have_the_old_release_whole(city: Workshop) -> None:
    linked = 11
    before = bytes_of(city.releases / "bangkok" / "1")
    city.put("parks", "2", "POINT(100.49 13.75)", name_th="สวนใหม่")
    view = replace(city.view, agencies=dict(city.view.agencies))  # a proxy has no pickle
    url = city.engine.url.render_as_string(hide_password=False)
    child = get_context("spawn").Process(
        target=publish_and_be_killed, args=(url, view, city.releases, linked)
    )
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert city.pointer() == 1
    assert bytes_of(city.releases / "bangkok" / "1") == before

    second = published(city)
    assert sorted(path.name for path in (city.releases / "bangkok").iterdir()) == ["1", "2"]
    assert bytes_of(city.releases / "bangkok" / "1") == before
    assert len(list(files_of(second.manifest))) == 29


def publish_and_be_killed(url: str, view: MapView, releases: Path, linked: int) -> None:
    link, done = os.link, []

    def until_killed(*given: Any, **named: Any) -> None:
        link(*given, **named)
        done.append(given)
        if len(done) == linked:
            os.kill(os.getpid(), signal.SIGKILL)

    os.link = until_killed
    engine = open_engine(url)
    with lease.hold(engine, [layer.id for layer in view.layers]) as token:
        publish(engine, token, view, releases_folder=releases)


def built_from_nothing(city: Workshop, folder: Path) -> Path:
    """The release that is published now, built with nothing that could be shared."""
    with transaction(city.engine) as connection:
        database = str(connection.scalar(text("select database_id from meta.pointer")))
    publication = Publication(city.view, city.pointer(), database)
    build_release(city.engine, publication, None, folder, lambda _: None)
    return folder


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file of a release but its manifest, which tells the time."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }


def names_of(release: Release, layer: str) -> list[str]:
    return [file["path"] for file in layer_of(release.manifest, layer)["files"].values()]


def published_manifest(city: Workshop) -> dict[str, Any]:
    with transaction(city.engine) as connection:
        found: dict[str, Any] = connection.scalar(
            text("select manifest from meta.release order by release desc limit 1")
        )
    return found
