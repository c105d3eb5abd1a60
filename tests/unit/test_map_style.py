"""The MapLibre style that is built from layer declarations."""

from __future__ import annotations

import pytest

from geo.publishing.style import build_style
from schemas.models import (
    Bilingual,
    Column,
    ColumnType,
    GeometryKind,
    Layer,
    Privacy,
    Role,
    Style,
)

BANGKOK = (100.33, 13.49, 100.94, 13.96)


def layer(name: str, role: str, geometry: str, **style: object) -> Layer:
    title = Bilingual(th=f"ชั้น {name}", en=name)
    column = Column(type=ColumnType.text, title=title, privacy=Privacy.public)
    return Layer(
        id=name,
        title=title,
        description=title,
        role=Role(role),
        geometry=GeometryKind(geometry),
        columns={"name_th": column, "name_en": column},
        style=Style.model_validate({"colour": "#117733", **style}),
    )


@pytest.fixture
def style() -> dict:
    layers = [
        layer("hospitals", "place", "point", order=90),
        layer("parks", "place", "point", order=60, min_zoom=8, label=True),
        layer("catchments", "area", "polygon", order=10, visible=False),
        layer("districts", "district", "polygon", order=30, max_zoom=11, label=True),
        layer("subdistricts", "subdistrict", "polygon", order=20, min_zoom=9, label=True),
    ]
    title = Bilingual(th="กรุงเทพฯ", en="Bangkok")
    return build_style(title, layers, BANGKOK, "tiles/map-0a1b2c3d.pmtiles", "labels.geojson")


def by_id(style: dict) -> dict[str, dict]:
    return {drawn["id"]: drawn for drawn in style["layers"]}


def test_layers_are_named_by_layer_and_part_and_stacked_for_reading(
    style: dict,
) -> None:
    assert [drawn["id"] for drawn in style["layers"]] == [
        "background",
        "districts-fill",
        "catchments-fill",
        "subdistricts-fill",
        "catchments-line",
        "subdistricts-line",
        "districts-line",
        "parks-point",
        "hospitals-point",
        *(
            f"{name}-{part}"
            for name in ("districts", "catchments", "subdistricts", "parks", "hospitals")
            for part in ("count", "number")
        ),
        "districts-label",
        "subdistricts-label",
        "parks-label",
    ]


def test_every_layer_reads_its_own_tile_layer_of_the_one_archive(style: dict) -> None:
    assert style["sources"]["map"] == {
        "type": "vector",
        "url": "pmtiles://{base}/tiles/map-0a1b2c3d.pmtiles",
    }
    for drawn in style["layers"][1:]:
        if drawn["source"] == "map":
            counts = "_count" if drawn["metadata"].get("onemap:count") else ""
            assert drawn["source-layer"] == drawn["metadata"]["onemap:layer"] + counts


def test_counts_are_drawn_in_the_colour_and_at_the_zooms_of_their_layer(style: dict) -> None:
    layers = by_id(style)
    for name in ("parks", "catchments", "districts"):
        count, number = layers[f"{name}-count"], layers[f"{name}-number"]
        assert (count["type"], number["type"]) == ("circle", "symbol")
        assert count["paint"]["circle-color"] == count["metadata"]["onemap:colour"]
        assert number["layout"]["text-field"][0] == "case"
        assert number["filter"] == [">", ["get", "count"], 1]
    assert layers["districts-count"]["maxzoom"] == layers["districts-line"]["maxzoom"]
    assert layers["catchments-number"]["layout"]["visibility"] == "none"


def test_area_names_come_from_anchor_points_and_place_names_from_tiles(
    style: dict,
) -> None:
    layers = by_id(style)
    assert layers["districts-label"]["source"] == "labels"
    assert layers["districts-label"]["filter"] == ["==", ["get", "layer"], "districts"]
    assert "source-layer" not in layers["districts-label"]
    assert layers["parks-label"]["source"] == "map"


def test_zooms_follow_the_declaration(style: dict) -> None:
    layers = by_id(style)
    assert layers["districts-line"]["maxzoom"] == 12  # its tiles end at 11, the archive at 14
    assert layers["parks-point"]["minzoom"] == 8
    assert "maxzoom" not in layers["parks-point"]  # the last zoom of the archive is overzoomed
    assert layers["catchments-fill"]["layout"]["visibility"] == "none"


def test_text_uses_declared_thai_fonts_only(style: dict) -> None:
    assert "glyphs" not in style
    used = {
        font for drawn in style["layers"] for font in drawn.get("layout", {}).get("text-font", [])
    }
    assert used == set(style["font-faces"])
    for files in style["font-faces"].values():
        assert all(file["url"].startswith("{fonts}/") for file in files)
        assert any("U+0E01-0E5B" in file["unicode-range"] for file in files)


def test_the_view_shows_the_whole_city(style: dict) -> None:
    assert style["center"] == pytest.approx([100.635, 13.725])
    assert 9 < style["zoom"] < 11
