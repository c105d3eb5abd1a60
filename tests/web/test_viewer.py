"""The viewer in a real browser: Debian's Chromium, headless, on the small city."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from scripts.screenshot import CHROMIUM, FLAGS, wait_until_drawn, wait_until_idle
from tests.web.conftest import City, running

pytestmark = pytest.mark.slow

DESK = {"width": 1200, "height": 800}
PHONE = {"width": 390, "height": 844}


@dataclass
class Visit:
    """A page, and what went wrong while it was open."""

    page: Page
    errors: list[str] = field(default_factory=list)
    addresses: set[str] = field(default_factory=set)

    def see(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} {message.location}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is not there; install it: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def visit(browser: Browser, address: str) -> Iterator[Any]:
    """Opens the viewer; at the end nothing went wrong, and nothing left the machine."""
    visits: list[Visit] = []

    def open_viewer(
        size: dict[str, int], locale: str = "th-TH", fragment: str = "", script: str = ""
    ) -> Visit:
        context = browser.new_context(viewport=size, locale=locale, has_touch=size is PHONE)
        context.add_init_script(script)
        visit = Visit(context.new_page())
        visit.page.on("console", visit.see)
        visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
        visit.page.on("request", lambda request: visit.addresses.add(request.url))
        visits.append(visit)
        visit.page.goto(f"{address}/{fragment}")
        wait_until_drawn(visit.page)
        return visit

    yield open_viewer
    for visit in visits:
        errors = list(visit.errors)  # closing a page ends what it still fetches
        visit.page.context.close()
        assert errors == []
        hosts = {urlsplit(url).netloc for url in visit.addresses if url.startswith("http")}
        assert hosts == {urlsplit(address).netloc}


@pytest.fixture(scope="module")
def desk(visit: Any) -> Visit:
    """The viewer as a Thai reader has it at a desk; tests leave it with nothing open."""
    visited: Visit = visit(DESK)
    return visited


# The picture is counted in the browser itself: Python has no reader of PNG among our requirements.
COUNT_DARK = """async (picture) => {
  const image = new Image();
  image.src = `data:image/png;base64,${picture}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  let dark = 0;
  for (let at = 0; at < data.length; at += 4) dark += data[at] + data[at + 1] + data[at + 2] < 330;
  return dark;
}"""


def dark_pixels(page: Page, x: float, y: float, width: float, height: float) -> int:
    """Pixels as dark as the ink of names, around a point of the page."""
    clip = {"x": x - width / 2, "y": y - height / 2, "width": width, "height": height}
    picture = base64.b64encode(page.screenshot(clip=clip)).decode()
    count: int = page.evaluate(COUNT_DARK, picture)
    return count


def show_only(page: Page, *layers: str) -> None:
    """Switch these layers on and all others off, as the reader's clicks would."""
    page.evaluate(
        """(layers) => {
          for (const row of document.querySelectorAll(".layer")) {
            const box = row.querySelector("input");
            if (box.checked !== layers.includes(row.dataset.layer)) box.click();
          }
        }""",
        layers,
    )


def point_on_page(page: Page, geometry: Any) -> tuple[float, float]:
    spot = page.evaluate("([x, y]) => onemap.map.project([x, y])", [geometry.x, geometry.y])
    return spot["x"], spot["y"]


def show_alone(page: Page, geometry: Any, layer: str) -> tuple[float, float]:
    """Look closely at a place with only its layer drawn; answers where it is on the page."""
    show_only(page, layer)
    look_at(page, [geometry.x, geometry.y], 15)
    return point_on_page(page, geometry)


def look_at(page: Page, center: list[float], zoom: float) -> None:
    page.evaluate("(view) => onemap.map.jumpTo(view)", {"center": center, "zoom": zoom})
    wait_until_idle(page)


def test_the_list_counts_what_the_manifest_counts(desk: Visit, city: City) -> None:
    page = desk.page
    for layer in city.manifest["layers"]:
        row = page.locator(f"[data-layer={layer['id']}]")
        expect(row.locator(".name")).to_have_text(layer["title"]["th"])
        expect(row.locator(".count")).to_have_text(f"{layer['features']:,}")
        held = sum(layer["at_area"].values())
        expect(row.locator(".unplaced")).to_have_count(1 if held else 0)
        if held:
            expect(row.locator(".unplaced")).to_contain_text(f"{held:,}")
    said = "รุ่นที่ 1 · ข้อมูล ณ วันที่ 31 ธันวาคม 2567 · รับแฟ้มเมื่อ 14 กุมภาพันธ์ 2568"
    expect(page.locator("#release")).to_have_text(said)
    expect(page.locator("#notice")).to_have_text("ข้อมูลตัวอย่าง ไม่ใช่ข้อมูลจริง")


def test_district_names_are_drawn_in_noto_sans_thai(desk: Visit, city: City) -> None:
    page = desk.page
    anchor = page.evaluate(
        "async () => (await (await fetch('/releases/current/labels.geojson')).json()).features"
        ".find((label) => label.properties.name_th.endsWith('หนองจอก')).geometry.coordinates"
    )
    show_only(page, "districts")
    look_at(page, anchor, 11)
    spot = page.evaluate("(center) => onemap.map.project(center)", anchor)
    drawn = dark_pixels(page, spot["x"], spot["y"], 120, 34)
    show_only(page)
    wait_until_idle(page)
    assert dark_pixels(page, spot["x"], spot["y"], 120, 34) < 10
    assert drawn > 60
    assert any("noto-sans-thai-thai-600" in url for url in desk.addresses)


def test_a_click_opens_the_card_and_escape_closes_it(desk: Visit, city: City) -> None:
    page = desk.page
    row = city.row("hospitals", hospital_type="public")
    x, y = show_alone(page, row["geom"], "hospitals")
    page.mouse.click(x, y)
    card = page.locator("#detail")
    expect(card.locator("h2")).to_have_text(row["name_th"])
    expect(card).to_contain_text("ตำแหน่งตามพิกัดที่หน่วยงานให้")
    expect(card).to_contain_text("Position as given by the agency")
    expect(card).to_contain_text(f"{row['beds']:,} เตียง")
    expect(card).to_contain_text("รัฐ")
    expect(card.locator(".origin strong")).not_to_be_empty()
    expect(card.locator(".origin")).to_contain_text("ข้อมูล ณ วันที่ 31 ธันวาคม 2567")
    expect(card.locator(".origin")).not_to_contain_text("รับแฟ้มเมื่อ")
    expect(card.locator("dd b")).to_have_count(0)  # markup in an attribute stays text
    expect(card).to_contain_text("<b onmouseover=")
    assert f"place=hospitals/{row['feature_id']}" in page.url
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    assert "place=" not in page.url


def test_a_link_opens_a_card_and_everything_speaks_the_readers_language(
    visit: Any, city: City
) -> None:
    row = city.row("parks", location_precision="district")
    page = visit(DESK, "en-GB", f"#place=parks/{row['feature_id']}").page
    card = page.locator("#detail")
    expect(card.locator("h2")).to_have_text(row["name_en"] or row["name_th"])
    expect(card).to_contain_text("Known by district only")
    expect(card).to_contain_text("ทราบเพียงเขต")
    for layer in city.manifest["layers"]:
        title = re.compile(f"^{re.escape(layer['title']['en'])}")
        expect(page.get_by_role("switch", name=title)).to_have_count(1)
    said = "Release 1 · Data as of 31 December 2024 · Fetched on 14 February 2025"
    expect(page.locator("#release")).to_have_text(said)
    expect(card.locator(".origin")).to_contain_text("Fetched on 14 February 2025")
    expect(card.locator(".origin")).not_to_contain_text("as of")
    page.locator("summary").click()
    expect(page.locator("#sources li", has_text="Data as of 31 December 2024")).to_have_count(1)
    fetched = page.locator("#sources li", has_text="Fetched on 14 February 2025")
    expect(fetched).to_have_count(len(city.manifest["sources"]) - 1)
    page.get_by_role("switch", name="Hospitals").focus()
    page.keyboard.press("Space")
    visibility = "onemap.map.getLayoutProperty('hospitals-point', 'visibility')"
    assert page.evaluate(visibility) == "none"
    page.get_by_role("button", name="ไทย").click()
    expect(card.locator("h2")).to_have_text(row["name_th"])
    expect(page.locator("html")).to_have_attribute("lang", "th")


def test_it_works_by_keyboard_alone(desk: Visit, city: City) -> None:
    page = desk.page
    row = city.row("hospitals", hospital_type="private")
    show_alone(page, row["geom"], "hospitals")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type(row["name_th"])
    expect(page.locator("#result-0")).to_contain_text(row["name_th"])
    page.keyboard.press("ArrowDown")
    expect(page.locator("#search")).to_have_attribute("aria-activedescendant", "result-0")
    page.keyboard.press("Enter")
    expect(page.locator("#detail h2")).to_have_text(row["name_th"])
    expect(page.locator("#detail")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#search")).to_be_focused()
    # The map itself: what lies at its centre is chosen by Enter.
    look_at(page, [row["geom"].x, row["geom"].y], 15)
    page.locator(".maplibregl-canvas").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#detail")).to_be_visible()
    expect(page.locator("#detail h2")).to_have_text(row["name_th"])
    page.keyboard.press("Escape")


def test_a_count_on_an_area_lists_the_places_that_it_holds(desk: Visit, city: City) -> None:
    page = desk.page
    code = "1003"
    show_only(page, "parks", "gardens_15min", "housing_communities", "districts")
    page.evaluate("onemap.map.fitBounds(onemap.map.getStyle().metadata['onemap:bounds'])")
    wait_until_idle(page)
    expected = [
        row
        for rows in city.rows.values()
        for row in rows.rows
        if row["location_precision"] != "exact" and row["district_code"] == code
    ]
    badge = page.evaluate(
        """(code) => {
          const found = onemap.map.queryRenderedFeatures({layers: ["unplaced-far"]})
            .find((badge) => badge.properties.code === code);
          const size = onemap.map.getLayoutProperty("unplaced-far", "text-offset");
          const spot = onemap.map.project(found.geometry.coordinates);
          return {x: spot.x, y: spot.y, text: found.properties.text, offset: size[1]};
        }""",
        code,
    )
    assert badge["text"] == str(len(expected))
    page.mouse.click(badge["x"], badge["y"] + badge["offset"] * 10.5)
    panel = page.locator("#detail")
    expect(panel.locator("h2")).to_contain_text("เขตหนองจอก")
    expect(panel.locator("li")).to_have_count(len(expected))
    panel.locator("li button").first.click()
    expect(panel.locator(".where.unplaced")).to_be_visible()
    page.keyboard.press("Escape")


def test_a_phone_shows_it_all_without_sideways_scrolling(visit: Any, city: City) -> None:
    page = visit(PHONE).page

    def fits() -> bool:
        found: bool = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        return found

    assert fits()
    expect(page.locator("#layers")).to_be_hidden()
    page.locator("#handle").click()
    expect(page.locator("[data-layer=hospitals]")).to_be_visible()
    assert fits()
    page.locator("#handle").click()
    row = city.rows["parks"].rows[-1]
    page.locator("#search").fill(row["name_th"])
    page.locator("#result-0").click()
    card = page.locator("#detail")
    expect(card.locator("h2")).to_have_text(row["name_th"])
    wait_until_idle(page)
    assert fits()
    box = card.bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 390)
    _, y = point_on_page(page, row["geom"])
    assert 100 < y < box["y"], "the place is seen between the search and its card"


def test_counts_are_drawn_with_their_numbers_and_a_click_goes_nearer(
    desk: Visit, city: City
) -> None:
    page = desk.page
    show_only(page, "public_spaces")
    page.evaluate("onemap.map.fitBounds(onemap.map.getStyle().metadata['onemap:bounds'])")
    wait_until_idle(page)
    points = "onemap.map.queryRenderedFeatures({layers: ['public_spaces-point']}).length"
    assert page.evaluate(points) == 0
    drawn = page.evaluate(
        """() => onemap.map.queryRenderedFeatures({layers: ["public_spaces-count"]})
          .map(({geometry, properties}) => {
            const spot = onemap.map.project(geometry.coordinates);
            return [[spot.x, spot.y], properties.count];
          })"""
    )
    assert sum(count for _, count in drawn) == 80
    expect(page.locator(".counts")).to_contain_text("ซูมเข้า")
    (x, y), count = max(drawn, key=lambda one: one[1])
    numbers = "onemap.map.queryRenderedFeatures({layers: ['public_spaces-number']}).length"
    assert page.evaluate(numbers) > 3
    zoom = page.evaluate("onemap.map.getZoom()")
    page.mouse.click(x, y)
    expect(page.locator("#status")).to_contain_text(f"ลานกีฬาและพื้นที่สาธารณะ: {count} รายการ")
    page.wait_for_function("(zoom) => onemap.map.getZoom() > zoom + 1.5", arg=zoom)
    wait_until_idle(page)


def test_places_on_one_spot_are_listed_and_each_has_its_card(desk: Visit, city: City) -> None:
    page = desk.page
    rows = city.rows["primary_care"].rows[-3:]
    x, y = show_alone(page, rows[0]["geom"], "primary_care")
    page.mouse.click(x, y)
    panel = page.locator("#detail")
    expect(panel.locator("h2")).to_have_text("มี 3 แห่งที่จุดนี้")
    expect(panel.locator("li")).to_have_count(3)
    for row in rows:
        expect(panel.locator("li", has_text=row["name_th"])).to_have_count(1)
    panel.locator("li", has_text=rows[1]["name_th"]).locator("button").click()
    expect(panel.locator("h2")).to_have_text(rows[1]["name_th"])
    page.keyboard.press("Escape")


# Chromium's cache of ranges, which now and then keeps the beginning of one that was called off.
CUT_RANGES = """
const whole = window.fetch;
window.cut = 0;
window.fetch = async (url, options) => {
  const response = await whole(url, options);
  if (response.status !== 206 || options.cache === "no-store") return response;
  const { status, headers } = response;
  window.cut += 1;
  return new Response((await response.arrayBuffer()).slice(0, 40), { status, headers });
};
"""


def test_tiles_that_the_browsers_cache_cuts_are_fetched_anew(visit: Any, desk: Visit) -> None:
    page = visit(DESK, script=CUT_RANGES).page
    things = """[...new Set(onemap.map.queryRenderedFeatures().map(
      (one) => JSON.stringify([one.layer.id, one.properties])))].sort()"""
    centre, drawn = page.evaluate("onemap.map.getCenter()"), []
    for looked_at in (desk.page, page):
        show_only(looked_at, "hospitals", "parks", "districts")
        look_at(looked_at, centre, 11)
        drawn.append(looked_at.evaluate(things))
    assert page.evaluate("cut") > 2
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) > 2


def test_it_draws_on_the_machine_itself_whatever_its_public_address_is(
    browser: Browser, city: City
) -> None:
    elsewhere = replace(city.settings, public_url="https://map.example.go.th")
    with running(elsewhere) as address:
        page = browser.new_page()
        page.goto(address)
        wait_until_drawn(page)
        assert page.evaluate("onemap.map.queryRenderedFeatures().length") > 0
        page.close()


def test_the_page_before_the_first_release_is_plain(browser: Browser, city: City) -> None:
    with psycopg.connect(city.owner_url, autocommit=True) as connection:
        connection.execute("update meta.pointer set release = 0")
        try:
            with running(city.settings) as address:
                page = browser.new_page()
                page.goto(address)
                expect(page.locator("pre")).to_have_text("onemap run --map test")
                page.close()
        finally:
            connection.execute("update meta.pointer set release = 1")
