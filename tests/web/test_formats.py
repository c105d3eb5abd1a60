"""A current release that an older version made is served in the names of today."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.web.conftest import City, running
from web.formats import in_todays_names
from web.settings import WebSettings


def in_the_names_of_format_1(manifest: dict[str, Any]) -> dict[str, Any]:
    """What the first version wrote: `held`, and a day of fetching as the date of the content."""
    old = json.loads(json.dumps(manifest))
    for name in ("format", "fetched_on"):
        del old[name]
    old["data_as_of"] = manifest["fetched_on"]
    for node in [*old["layers"], *old["sources"]]:
        node["held"] = node.pop("at_area")
        node.pop("fetched_on", None)
    old["files"]["held"] = {**old["files"].pop("unplaced"), "path": "held.json"}
    return dict(old)


def test_an_old_manifest_is_brought_to_the_new_names(city: City) -> None:
    new = in_todays_names(in_the_names_of_format_1(city.manifest))
    unplaced = {**city.manifest["files"]["unplaced"], "path": "held.json"}
    assert new == {**city.manifest, "files": {**city.manifest["files"], "unplaced": unplaced}}


def test_a_manifest_of_today_stays_as_it_is(city: City) -> None:
    assert in_todays_names(city.manifest) == city.manifest


def test_an_old_manifest_that_was_never_fetched_has_no_date() -> None:
    old = {"sources": [{"id": "a", "held": 0, "fetched_at": None, "as_of": None}]}
    new = in_todays_names({**old, "data_as_of": "2025-01-01", "layers": [], "files": {}})
    assert (new["data_as_of"], new["fetched_on"]) == (None, None)


@pytest.fixture
def old_release(city: City, tmp_path: Path) -> WebSettings:
    """The small city's release 1, as the first version left it."""
    folder = tmp_path / "1"
    shutil.copytree(city.folder, folder)
    (folder / "unplaced.json").rename(folder / "held.json")
    old = in_the_names_of_format_1(city.manifest)
    (folder / "manifest.json").write_text(json.dumps(old, ensure_ascii=False), "utf-8")
    return WebSettings("test", city.settings.database_url, tmp_path)


def test_readers_of_an_old_release_get_the_new_names_and_its_files_their_bytes(
    city: City, old_release: WebSettings
) -> None:
    written = (old_release.releases / "1" / "manifest.json").read_bytes()
    code = city.row("parks", location_precision="district")["district_code"]
    with running(old_release) as address, httpx.Client(base_url=address) as client:
        for path in ("/manifest.json", "/releases/current", "/releases/current/manifest.json"):
            manifest = client.get(path).json()
            assert manifest["format"] == 2
            assert manifest["data_as_of"] == city.manifest["data_as_of"]
        assert client.get("/releases/1/manifest.json").content == written
        again = {"If-None-Match": client.get("/manifest.json").headers["etag"]}
        assert client.get("/manifest.json", headers=again).status_code == 304
        unplaced = client.get(f"/releases/current/{manifest['files']['unplaced']['path']}")
        assert unplaced.content == (city.folder / "unplaced.json").read_bytes()
        assert client.get(f"/unplaced?area={code}").json()["total"] > 0
        assert client.get("/tiles.json").json()["name"] == "เมืองทดสอบ"
