"""Pictures of the map from a running server, made with Debian's Chromium.

    onemap serve &
    .venv/bin/python scripts/screenshot.py --address http://localhost:8000 --to docs/images

Writes map.png (a desk), map-card.png (with a card), map-dark.png and map-phone.png. Needs the
Debian package `chromium` and the development requirements.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, sync_playwright

CHROMIUM: Final = "/usr/bin/chromium"
# No GPU and no calls home; WebGL is drawn by SwiftShader. Root may not use Chromium's sandbox.
FLAGS: Final = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
PATIENCE_MS: Final = 60_000


@dataclass(frozen=True)
class Picture:
    """One picture: what is searched for before it is taken, if anything."""

    name: str
    width: int
    height: int
    locale: str = "th-TH"
    scheme: str = "light"
    search: str | None = None
    scale: float = 1.5


PICTURES: Final = (
    Picture("map", 1440, 900),
    Picture("map-card", 1440, 900, search="โรงพยาบาล"),
    Picture("map-dark", 1440, 900, locale="en-GB", scheme="dark"),
    Picture("map-phone", 390, 844, scale=2),
)


def wait_until_drawn(page: Page) -> None:
    """Waits until the viewer says that the map is complete."""
    page.wait_for_selector("body[data-ready]", timeout=PATIENCE_MS)
    wait_until_idle(page)


def wait_until_idle(page: Page) -> None:
    """Waits until the map has nothing left to fetch, to move or to draw."""
    page.wait_for_function(
        "() => onemap.map.loaded() && !onemap.map.isMoving() && onemap.map.areTilesLoaded()",
        timeout=PATIENCE_MS,
    )
    page.evaluate("() => document.fonts.ready.then(() => true)")
    page.wait_for_timeout(400)  # names fade in after the last frame


def take(address: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for picture in PICTURES:
            context = browser.new_context(
                viewport={"width": picture.width, "height": picture.height},
                locale=picture.locale,
                color_scheme="dark" if picture.scheme == "dark" else "light",
                device_scale_factor=picture.scale,
            )
            page = context.new_page()
            page.goto(address)
            wait_until_drawn(page)
            if picture.search:
                page.fill("#search", picture.search)
                page.wait_for_selector("#result-0")
                page.keyboard.press("Enter")
                page.wait_for_selector("#detail h2")
                wait_until_idle(page)
            path = folder / f"{picture.name}.png"
            page.screenshot(path=path)
            print(path)
            context.close()
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Pictures of the map from a running server.")
    parser.add_argument("--address", default="http://localhost:8000")
    parser.add_argument("--to", type=Path, default=Path("docs/images"))
    arguments = parser.parse_args()
    take(arguments.address, arguments.to)
