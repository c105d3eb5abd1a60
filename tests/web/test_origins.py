"""Other sites' pages read the map: by default all of them, without anybody's credentials."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from tests.web.conftest import City, running

ELSEWHERE = {"Origin": "https://site.example"}
EXPOSED = {"etag", "content-range", "accept-ranges", "content-length", "content-location"}


def test_any_site_may_read_whatever_is_public(client: httpx.Client) -> None:
    for path in (
        "/manifest.json",
        "/style.json",
        "/tiles/10/797/472.mvt",
        "/api/collections",
        "/vendor/fonts/noto-sans-thai-thai-400-normal.woff2",
        "/releases/1/nothing",
        "/api/collections/nothing",
    ):
        headers = client.get(path, headers=ELSEWHERE).headers
        assert headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in headers
        exposed = headers["access-control-expose-headers"].lower().split(", ")
        assert set(exposed) >= EXPOSED


@pytest.mark.parametrize("path", ["/style.json", "/releases/1/labels.geojson", "/api/collections"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_browser_that_asks_first_hears_what_it_may_ask(
    client: httpx.Client, path: str, method: str
) -> None:
    asked = {
        **ELSEWHERE,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "range, if-none-match, if-range, cache-control",
    }
    answer = client.options(path, headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_browser_hears_that_nothing_is_written_here(client: httpx.Client, method: str) -> None:
    asked = {**ELSEWHERE, "Access-Control-Request-Method": method}
    assert client.options("/manifest.json", headers=asked).status_code == 400


def test_only_the_named_sites_may_read_where_some_are_named(city: City) -> None:
    named = replace(city.settings, allowed_origins=("https://maps.example",))
    with running(named) as address:
        refused = httpx.get(f"{address}/manifest.json", headers=ELSEWHERE)
        allowed = httpx.get(f"{address}/manifest.json", headers={"Origin": "https://maps.example"})
    assert "access-control-allow-origin" not in refused.headers
    assert allowed.headers["access-control-allow-origin"] == "https://maps.example"
