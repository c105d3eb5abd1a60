"""The current release over HTTP: files, ranges, tags, tiles, and what happens without a release."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from time import sleep
from typing import Any, cast

import httpx
import psycopg
import pytest
from pmtiles.reader import MmapSource, Reader

from geo.errors import ConfigurationError
from geo.settings import Settings
from server import cluster as private_cluster
from tests.web.conftest import City, running
from web.app import create_app
from web.current import Current
from web.errors import WebError
from web.pointer import Pointer
from web.releases import Releases
from web.settings import PACKAGES, WebSettings


def archive_of(city: City) -> Path:
    return city.folder / city.manifest["files"]["pmtiles"]["path"]


def test_health_names_the_map_and_its_release(client: httpx.Client) -> None:
    assert client.get("/health").json() == {"status": "ok", "map": "test", "release": 1}


def test_manifest_is_the_releases_own(client: httpx.Client, city: City) -> None:
    for path in ("/manifest.json", "/releases/current", "/releases/1/manifest.json"):
        assert client.get(path).json() == city.manifest


def test_every_file_of_the_manifest_is_served_byte_for_byte(
    client: httpx.Client, city: City
) -> None:
    layers = [file for layer in city.manifest["layers"] for file in layer["files"].values()]
    for file in [*layers, *city.manifest["files"].values()]:
        answer = client.get(f"/releases/1/{file['path']}")
        assert answer.status_code == 200
        assert hashlib.sha256(answer.content).hexdigest() == file["sha256"], file["path"]


def test_numbered_files_are_immutable_and_current_ones_are_asked_for_again(
    client: httpx.Client, city: City
) -> None:
    path = city.manifest["files"]["pmtiles"]["path"]
    numbered = client.head(f"/releases/1/{path}").headers
    current = client.head(f"/releases/current/{path}").headers
    assert "immutable" in numbered["cache-control"]
    assert current["cache-control"] == "no-cache"
    assert numbered["etag"] == current["etag"]


def test_a_range_gives_these_bytes(client: httpx.Client, city: City) -> None:
    path = archive_of(city)
    answer = client.get(f"/releases/1/tiles/{path.name}", headers={"Range": "bytes=100-299"})
    assert answer.status_code == 206
    assert answer.content == path.read_bytes()[100:300]
    assert answer.headers["content-range"] == f"bytes 100-299/{path.stat().st_size}"
    assert "content-encoding" not in answer.headers


def test_a_range_beyond_the_file_is_refused(client: httpx.Client, city: City) -> None:
    name = archive_of(city).name
    answer = client.get(f"/releases/1/tiles/{name}", headers={"Range": "bytes=99999999-"})
    assert answer.status_code == 416


@pytest.mark.parametrize(
    "path",
    [
        "/manifest.json",
        "/style.json",
        "/tiles.json",
        "/tiles/10/797/472.mvt",
        "/releases/1/unplaced.json",
        "/search?q=1030",
        "/unplaced?area=1030",
        "/api/collections/parks/items",
        "/",
        "/viewer/js/main.js",
        "/vendor/maplibre-gl/maplibre-gl.mjs",
    ],
)
def test_known_bytes_are_not_sent_again(client: httpx.Client, path: str) -> None:
    first = client.get(path)
    assert first.status_code == 200
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(path, headers={"If-None-Match": '"something-else"'})
    assert other.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/releases/1/nothing.json",
        "/releases/1/tiles",
        "/releases/1/data/../../1/manifest.json",
        "/releases/1/..%2f..%2f..%2fetc%2fpasswd",
        "/releases/1/%2e%2e/%2e%2e/etc/passwd",
        "/releases/1//etc/passwd",
        "/releases/current/../../../etc/passwd",
        "/viewer/..%2fapp.py",
        "/viewer/%2e%2e/settings.py",
        "/vendor/fonts/..%2f..%2f..%2fpackage.json",
        "/vendor/fonts/../../../../package.json",
    ],
)
def test_only_named_files_are_served(address: str, path: str) -> None:
    with closing(HTTPConnection(address.removeprefix("http://"))) as connection:
        connection.request("GET", path)  # as it is written: no client tidies the path
        answer = connection.getresponse()
        assert answer.status == 404
        assert b"root:" not in answer.read()


@pytest.mark.parametrize("number", ["0", "2", "99999999999999999999", "9" * 5_000])
def test_an_unpublished_number_is_not_served(client: httpx.Client, city: City, number: str) -> None:
    if number == "2":  # built, but the pointer is not there yet
        (city.settings.releases / "2").mkdir(exist_ok=True)
        (city.settings.releases / "2" / "manifest.json").write_bytes(
            (city.folder / "manifest.json").read_bytes()
        )
    answer = client.get(f"/releases/{number}/manifest.json")
    assert answer.status_code == 404
    assert answer.json()["code"] == "NotFound"


def test_a_release_whose_files_were_pruned_is_gone_and_says_so(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pointer is at 3; of 2 only the row is left."""
    made = json.loads((city.folder / "manifest.json").read_bytes()) | {"release": 3}
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "manifest.json").write_text(json.dumps(made), "utf-8")
    current = Current("test", cast(Pointer, None), Releases(tmp_path))

    async def number() -> int:
        return 3

    monkeypatch.setattr(current, "number", number)
    assert asyncio.run(current.numbered(3)).number == 3
    for asked, status, code in ((2, 410, "ReleaseGone"), (4, 404, "NotFound")):
        with pytest.raises(WebError) as told:
            asyncio.run(current.numbered(asked))
        assert (told.value.status, told.value.code) == (status, code)
    assert "the current one is 3" in told.value.description


def test_the_tag_of_a_tile_is_that_of_its_bytes_and_not_of_its_release(
    client: httpx.Client, city: City
) -> None:
    """A tile that the next release does not touch stays known to whoever has it."""
    with archive_of(city).open("rb") as file:
        reader = Reader(MmapSource(file))
    at = [(10, 797, 472), (10, 798, 472), (10, 0, 0)]
    tags = [client.get(f"/tiles/{z}/{x}/{y}.mvt").headers["etag"] for z, x, y in at]
    digests = [hashlib.blake2b(reader.get(z, x, y) or b"", digest_size=12) for z, x, y in at]
    assert tags == [f'W/"{digest.hexdigest()}"' for digest in digests]
    assert len(set(tags)) == 3


def test_tiles_are_those_of_the_archive(client: httpx.Client, city: City) -> None:
    with archive_of(city).open("rb") as file:
        reader = Reader(MmapSource(file))
        stored = reader.get(10, 797, 472)
    assert stored
    packed = client.get("/tiles/10/797/472.mvt")
    assert packed.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert packed.content == gzip.decompress(stored)
    plain = client.get("/tiles/10/797/472.mvt", headers={"Accept-Encoding": "identity"})
    assert plain.content == gzip.decompress(stored)
    assert "content-encoding" not in plain.headers


def test_a_tile_without_features_is_empty_and_one_outside_is_not_there(
    client: httpx.Client,
) -> None:
    assert client.get("/tiles/10/0/0.mvt").status_code == 204
    assert client.get("/tiles/10/5000/0.mvt").status_code == 404
    assert client.get("/tiles/23/0/0.mvt").status_code == 404


@pytest.mark.parametrize(
    "number", ["99999999999", "9" * 5_000, "-1", "1e3", "1.0", "1_0", "٣", "１０", "nan", "inf"]
)
def test_a_number_that_is_no_tiles_is_not_there(client: httpx.Client, number: str) -> None:
    for tile in (f"{number}/0/0", f"10/{number}/0", f"10/797/{number}"):
        assert client.get(f"/tiles/{tile}.mvt").status_code == 404, tile


def test_tilejson_describes_the_tiles(client: httpx.Client, city: City) -> None:
    document = client.get("/tiles.json").json()
    assert document["tilejson"] == "3.0.0"
    assert document["tiles"] == [f"{str(client.base_url).rstrip('/')}/tiles/{{z}}/{{x}}/{{y}}.mvt"]
    layers = [layer["id"] for layer in city.manifest["layers"]]
    assert [layer["id"] for layer in document["vector_layers"]] == [
        name for layer in layers for name in (layer, f"{layer}_count")
    ]
    assert document["maxzoom"] == 12


def test_style_has_no_placeholder_left_and_its_addresses_answer(client: httpx.Client) -> None:
    answer = client.get("/style.json")
    assert "{base}" not in answer.text
    assert "{fonts}" not in answer.text
    style = answer.json()
    addresses: list[Any] = [style["sources"]["map"]["url"].removeprefix("pmtiles://")]
    addresses.append(style["sources"]["labels"]["data"])
    addresses += [face["url"] for files in style["font-faces"].values() for face in files]
    for address in addresses:
        assert client.head(address).status_code == 200, address


def test_the_style_is_valid_by_the_style_specification(city: City) -> None:
    validator = PACKAGES / "@maplibre/maplibre-gl-style-spec/dist/gl-style-validate.mjs"
    node = Path(sys.executable).with_name("node")
    style = city.folder / "style.json"
    checked = subprocess.run(
        [node, validator, style], capture_output=True, text=True, check=False, timeout=60
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_every_answer_carries_the_security_headers(client: httpx.Client) -> None:
    for path in ("/", "/manifest.json", "/nothing", "/api/collections", "/api/nothing"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_text_is_compressed_and_archives_are_not(client: httpx.Client, city: City) -> None:
    assert client.get("/style.json").headers["content-encoding"] == "gzip"
    archive = client.get(f"/releases/1/tiles/{archive_of(city).name}")
    assert "content-encoding" not in archive.headers


def test_before_the_first_release_a_page_says_what_to_run(city: City) -> None:
    with psycopg.connect(city.owner_url, autocommit=True) as connection:
        connection.execute("update meta.pointer set release = 0")
        try:
            with running(city.settings) as address:
                page = httpx.get(f"{address}/")
                data = httpx.get(f"{address}/manifest.json")
                api = httpx.get(f"{address}/api/collections")
                health = httpx.get(f"{address}/health")
        finally:
            connection.execute("update meta.pointer set release = 1")
    assert page.status_code == 200
    assert "onemap run --map test" in page.text
    for answer in (data, api):
        assert (answer.status_code, answer.json()["code"]) == (404, "NothingPublished")
    assert health.json() == {"status": "empty", "map": "test", "release": 0}


def test_while_the_database_is_away_the_last_release_stays_up(city: City) -> None:
    superuser = city.owner_url.replace("onemap@", "postgres@")
    with psycopg.connect(superuser, autocommit=True) as owner, running(city.settings) as up:
        assert httpx.get(f"{up}/manifest.json").json()["release"] == 1
        _close_to_the_web(owner)
        try:
            assert httpx.get(f"{up}/manifest.json").json()["release"] == 1
            assert httpx.get(f"{up}/tiles/10/797/472.mvt").status_code == 200
            assert httpx.get(f"{up}/health").status_code == 503
        finally:
            _open_to_the_web(owner)
        assert httpx.get(f"{up}/health").status_code == 200


def test_files_that_went_missing_are_said_and_a_map_begun_anew_is_read_anew(city: City) -> None:
    manifest = city.folder / "manifest.json"
    content = manifest.read_bytes()
    aside = manifest.with_suffix(".aside")
    with running(city.settings) as address:
        first = httpx.get(f"{address}/tiles.json")
        manifest.rename(aside)
        try:
            missing = httpx.get(f"{address}/manifest.json")
            manifest.write_bytes(content.replace("เมืองทดสอบ".encode(), "เมืองใหม่".encode()))
            again = httpx.get(f"{address}/tiles.json")
        finally:
            aside.replace(manifest)
    assert (missing.status_code, missing.json()["code"]) == (503, "ReleaseMissing")
    assert first.json()["name"] == "เมืองทดสอบ"
    assert again.json()["name"] == "เมืองใหม่"


def test_slow_content_keeps_nobody_else_waiting_and_is_no_failure(city: City) -> None:
    def features(address: str) -> int:
        return httpx.get(f"{address}/api/collections/parks/items?limit=1", timeout=30).status_code

    with running(city.settings) as address, ThreadPoolExecutor(12) as pool:
        assert features(address) == 200
        with psycopg.connect(city.owner_url) as owner:
            owner.execute("lock table core.parks in access exclusive mode")
            asked = [pool.submit(features, address) for _ in range(12)]
            sleep(1)
            assert not any(answer.done() for answer in asked)
            assert httpx.get(f"{address}/health", timeout=3).status_code == 200
            assert httpx.get(f"{address}/tiles/10/797/472.mvt", timeout=3).status_code == 200
        assert {answer.result() for answer in asked} == {200}


def test_a_database_that_was_never_there_is_said_without_its_words(city: City) -> None:
    lost = city.settings.database_url.replace("/onemap_web_test", "/onemap_no_such_database")
    with running(WebSettings("test", lost, city.settings.releases)) as address:
        for path in ("/", "/manifest.json", "/api/collections", "/search?q=1030"):
            answer = httpx.get(f"{address}{path}")
            assert (answer.status_code, answer.json()["code"]) == (503, "DatabaseAway")
            assert "onemap_no_such_database" not in answer.text


def test_an_empty_database_has_nothing_published(city: City, cluster: Settings) -> None:
    private_cluster.ensure_database(cluster, "web_empty")
    url = private_cluster.url(cluster, "web_empty", "onemap_web")
    with running(WebSettings("test", url, city.settings.releases)) as address:
        assert "onemap run --map test" in httpx.get(f"{address}/").text
        assert httpx.get(f"{address}/api/").json()["code"] == "NothingPublished"


def _close_to_the_web(owner: psycopg.Connection) -> None:
    """Ends the web's sessions and lets it make no new ones, as a server that is going down."""
    owner.execute("revoke connect on database onemap_web_test from onemap_web")
    owner.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where usename = 'onemap_web' and datname = current_database()"
    )


def _open_to_the_web(owner: psycopg.Connection) -> None:
    owner.execute("grant connect on database onemap_web_test to onemap_web")


def test_without_the_npm_packages_it_says_what_to_run(city: City, tmp_path: Path) -> None:
    settings = WebSettings(
        "test", city.settings.database_url, city.settings.releases, tmp_path / "node_modules"
    )
    with pytest.raises(ConfigurationError, match="npm ci"):
        create_app(settings)
