"""How many bytes a browser takes to show the map for the first time (Chromium, cold cache)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.measure import Failed
from bench.server import MAP, Server

CHROMIUM: Final = "/usr/bin/chromium"
START_SECONDS: Final = 60.0
QUIET_MS: Final = 8_000
Json = dict[str, Any]


def viewed(server: Server, picture: Path | None = None) -> Json:
    """Bytes over the wire by kind of answer; `picture`: where a screenshot of the view is kept."""
    from playwright.sync_api import sync_playwright

    taken: dict[str, str] = {}
    sizes: dict[str, float] = {}
    with _served(server) as url, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.on(
            "Network.responseReceived",
            lambda told: taken.update({told["requestId"]: told["response"]["url"]}),
        )
        network.on(
            "Network.loadingFinished",
            lambda told: sizes.update({told["requestId"]: told["encodedDataLength"]}),
        )
        page.goto(url)
        page.wait_for_timeout(QUIET_MS)
        if picture:
            page.screenshot(path=picture)
        browser.close()
    answers = {taken[number]: size for number, size in sizes.items() if number in taken}
    tiles = sum(size for address, size in answers.items() if ".pmtiles" in address)
    return {"bytes": sum(answers.values()), "of_tiles": tiles, "answers": len(answers)}


@contextmanager
def _served(server: Server) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("onemap")
    web = subprocess.Popen(
        [program, "serve", "--map", MAP, "--port", str(port)],
        env={**os.environ, **server.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield _answering(f"http://127.0.0.1:{port}")
    finally:
        web.terminate()
        web.wait()


def _answering(url: str) -> str:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):  # noqa: S310  our own
                return url
        except OSError:
            time.sleep(0.2)
    raise Failed(f"{url} does not answer")
