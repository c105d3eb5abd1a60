"""Other sites' pages read the map: by default all of them, without anybody's credentials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from playwright.sync_api import sync_playwright

from scripts.screenshot import CHROMIUM, FLAGS, PATIENCE_MS
from tests.web.conftest import City, running
from web.settings import PACKAGES

pytestmark = pytest.mark.slow

PAGE = Path(__file__).with_name("elsewhere.html")

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
        own = httpx.get(f"{address}/manifest.json")
        refused = httpx.get(f"{address}/manifest.json", headers=ELSEWHERE)
        allowed = httpx.get(f"{address}/manifest.json", headers={"Origin": "https://maps.example"})
    assert "access-control-allow-origin" not in refused.headers
    assert allowed.headers["access-control-allow-origin"] == "https://maps.example"
    for answer in (own, refused, allowed):  # no cache gives one of them to another site
        assert "Origin" in answer.headers["vary"]


class AnotherSite(SimpleHTTPRequestHandler):
    """The page, and the map library that it brings itself."""

    def do_GET(self) -> None:
        if self.path.startswith("/?"):
            page = PAGE.read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)
        else:
            super().do_GET()

    def log_message(self, *_arguments: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def another_site() -> Iterator[str]:
    """Address of a site on another port, so of another origin."""
    handler = partial(AnotherSite, directory=str(PACKAGES))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


def test_a_page_of_another_site_draws_the_map_and_reads_its_headers(
    address: str, another_site: str, city: City
) -> None:
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page()
        page.on("console", lambda told: errors.append(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{another_site}/?map={address}")
        page.wait_for_function("() => globalThis.answer", timeout=PATIENCE_MS)
        answer = page.evaluate("answer")
        browser.close()
    assert "failed" not in answer, answer
    assert errors == []
    assert {"districts", "hospitals", "parks"} <= set(answer["style"])
    assert answer["tiles"] == ["districts"]
    archive = city.manifest["files"]["pmtiles"]
    assert (answer["status"], answer["begins"]) == (206, "PMTiles")
    assert answer["etag"] == f'"{archive["sha256"][:32]}"'
    assert answer["range"] == f"bytes 0-126/{archive['bytes']}"
    assert (answer["length"], answer["ranges"]) == ("127", "bytes")
    assert answer["again"] == 304
    assert answer["features"] == 5
