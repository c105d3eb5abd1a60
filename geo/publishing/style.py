"""The map's MapLibre style, built from the layer declarations.

A pure function: no database, no files. The shape of the result is described in docs/map-style.md.
Two placeholders stay in the URLs, because a release does not know where it will be served:
`{base}` is the address of the release folder, `{fonts}` that of the Noto Sans Thai files. The web
server fills both in; whoever hosts a release elsewhere replaces them once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

from geo.publishing.counting import counts_of
from schemas.models import Bilingual, GeometryKind, Layer, Role

Json = dict[str, Any]
Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees, EPSG:4326."""

SOURCE: Final = "map"
LABEL_SOURCE: Final = "labels"
PAPER: Final = "#e9eceb"
LAND: Final = "#fbfaf7"
INK: Final = "#3b4148"
DISTRICT_LINE: Final = "#a9aea9"
SUBDISTRICT_LINE: Final = "#d3d5cf"
REGULAR: Final = "Noto Sans Thai Regular"
SEMIBOLD: Final = "Noto Sans Thai SemiBold"

# Files and ranges as @fontsource/noto-sans-thai 5.3 declares them (its unicode.json); a font file
# is only fetched once a letter of its range is drawn.
FONT_RANGES: Final = {
    "thai": "U+02D7,U+0303,U+0331,U+0E01-0E5B,U+200C-200D,U+25CC",
    "latin": (
        "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,"
        "U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD"
    ),
    "latin-ext": (
        "U+0100-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+0304,U+0308,U+0329,"
        "U+1D00-1DBF,U+1E00-1E9F,U+1EF2-1EFF,U+2020,U+20A0-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,"
        "U+A720-A7FF"
    ),
}
FONT_WEIGHTS: Final = {REGULAR: 400, SEMIBOLD: 600}
LABEL_ZOOMS: Final = {Role.subdistrict: 12, Role.area: 12, Role.place: 14}
"""Names of smaller things are drawn from these zooms on, so that a city stays readable."""

THAI_NAME: Final = ["coalesce", ["get", "name_th"], ["get", "name_en"], ""]

HOW_MANY: Final = [
    "case",
    [">=", ["get", "count"], 10_000],
    ["concat", ["to-string", ["round", ["/", ["get", "count"], 1000]]], "k"],
    [">=", ["get", "count"], 1_000],
    ["concat", ["to-string", ["/", ["round", ["/", ["get", "count"], 100]], 10]], "k"],
    ["to-string", ["get", "count"]],
]
"""A count in two or three signs, which a circle has room for."""


def build_style(
    map_title: Bilingual,
    layers: Sequence[Layer],
    bounds: Bounds,
    tiles_path: str,
    labels_path: str | None = None,
) -> Json:
    """Build the style of a whole map.

    `tiles_path` is the map's PMTiles archive and `labels_path` a GeoJSON of one anchor point per
    labelled area, both relative to the release folder. Without `labels_path` areas are labelled
    from their polygons, which repeats a name in each tile that the area touches.

    Drawn from below: paper, land (districts), filled areas, lines, points, counts, and all names
    last; within each of these, a larger `Style.order` lies on top.
    """
    ordered = sorted(layers, key=lambda layer: (layer.role is not Role.district, layer.style.order))
    last_zoom = max((layer.style.max_zoom for layer in layers), default=0)
    drawn = [
        *(_fill(layer) for layer in ordered if layer.geometry is GeometryKind.polygon),
        *(_line(layer) for layer in _districts_last(ordered) if layer.geometry != "point"),
        *(_point(layer) for layer in ordered if layer.geometry is GeometryKind.point),
        *(part for layer in ordered for part in (_count(layer), _number(layer))),
        *(_label(layer, labels_path is not None) for layer in ordered if layer.style.label),
    ]
    zooms = {layer.id: _zoom_limits(layer, last_zoom) for layer in layers}
    sources: Json = {SOURCE: {"type": "vector", "url": f"pmtiles://{{base}}/{tiles_path}"}}
    if labels_path is not None:
        sources[LABEL_SOURCE] = {"type": "geojson", "data": f"{{base}}/{labels_path}"}
    return {
        "version": 8,
        "name": map_title.th,
        "metadata": {
            "onemap:title": map_title.model_dump(),
            "onemap:bounds": list(bounds),
        },
        "center": [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2],
        "zoom": _zoom_that_shows(bounds),
        "sources": sources,
        "font-faces": _font_faces(),
        "layers": [
            {
                "id": "background",
                "type": "background",
                "paint": {"background-color": PAPER},
            },
            *({**zooms[layer["metadata"]["onemap:layer"]], **layer} for layer in drawn),
        ],
    }


def _districts_last(layers: Iterable[Layer]) -> list[Layer]:
    """District outlines lie over all other outlines: they are what a reader looks for first."""
    return sorted(layers, key=lambda layer: layer.role is Role.district)


def _zoom_limits(layer: Layer, last_zoom: int) -> Json:
    """Zooms at which the tiles hold the layer; the last zoom of the archive is overzoomed."""
    limits = {"minzoom": layer.style.min_zoom}
    if layer.style.max_zoom < last_zoom:
        limits["maxzoom"] = layer.style.max_zoom + 1
    return limits


def _style_layer(layer: Layer, kind: str, suffix: str, paint: Json, layout: Json) -> Json:
    visibility = "visible" if layer.style.visible else "none"
    return {
        "id": f"{layer.id}-{suffix}",
        "type": kind,
        "source": SOURCE,
        "source-layer": layer.id,
        "metadata": {
            "onemap:layer": layer.id,
            "onemap:role": layer.role.value,
            "onemap:colour": layer.style.colour,
        },
        "layout": {"visibility": visibility, **layout},
        "paint": paint,
    }


def _fill(layer: Layer) -> Json:
    match layer.role:
        case Role.district:
            paint: Json = {"fill-color": LAND}
        case Role.subdistrict:  # not seen, but found by a click
            paint = {"fill-color": LAND, "fill-opacity": 0}
        case _:
            paint = {"fill-color": layer.style.colour, "fill-opacity": 0.16}
    return _style_layer(layer, "fill", "fill", paint, {})


def _line(layer: Layer) -> Json:
    match layer.role:
        case Role.district:
            colour, widths = DISTRICT_LINE, (0.7, 1.6)
        case Role.subdistrict:
            colour, widths = SUBDISTRICT_LINE, (0.5, 1.1)
        case _:
            colour, widths = layer.style.colour, (0.8, 2.0)
    paint = {
        "line-color": colour,
        "line-width": _by_zoom((9, widths[0]), (14, widths[1])),
    }
    return _style_layer(layer, "line", "line", paint, {"line-join": "round"})


def _point(layer: Layer) -> Json:
    paint = {
        "circle-color": layer.style.colour,
        "circle-radius": _by_zoom((8, 1.5), (10, 2.2), (12, 4), (14, 6), (17, 9)),
        "circle-opacity": _by_zoom((9, 0.75), (12, 0.95)),
        "circle-stroke-color": "#ffffff",
        "circle-stroke-width": _by_zoom((10.5, 0), (12, 0.8), (14, 1.4)),
    }
    return _style_layer(layer, "circle", "point", paint, {})


def _count(layer: Layer) -> Json:
    """For features that are too many to be drawn, or lie on one spot: a circle, larger for more."""
    paint = {
        "circle-color": layer.style.colour,
        "circle-radius": _by(["log10", ["get", "count"]], (0, 5), (1, 9), (2, 12), (4, 16)),
        "circle-opacity": 0.9,
        "circle-stroke-color": "#ffffff",
        "circle-stroke-width": 1,
    }
    return _counting(_style_layer(layer, "circle", "count", paint, {}))


def _number(layer: Layer) -> Json:
    layout = {
        "text-field": HOW_MANY,
        "text-font": [SEMIBOLD],
        "text-size": _by(["log10", ["get", "count"]], (0, 9), (2, 11), (4, 12)),
        "text-padding": 0,
        "symbol-sort-key": ["-", ["get", "count"]],
    }
    number = _style_layer(layer, "symbol", "number", {"text-color": "#ffffff"}, layout)
    return _counting(number) | {"filter": [">", ["get", "count"], 1]}


def _counting(drawn: Json) -> Json:
    layer_id = drawn["metadata"]["onemap:layer"]
    metadata = drawn["metadata"] | {"onemap:count": True}
    return drawn | {"source-layer": counts_of(layer_id), "metadata": metadata}


def _label(layer: Layer, from_anchors: bool) -> Json:
    layout: Json = {"text-field": THAI_NAME, "text-max-width": 10, "text-padding": 1}
    match layer.role:
        case Role.district:
            layout |= {
                "text-font": [SEMIBOLD],
                "text-size": _by_zoom((9, 10.5), (12, 15), (15, 20)),
            }
            halo = LAND
        case Role.subdistrict:
            layout |= {
                "text-font": [REGULAR],
                "text-size": _by_zoom((11, 10), (15, 14)),
            }
            halo = LAND
        case _:
            layout |= {"text-font": [REGULAR], "text-size": 12}
            halo = "#ffffff"
    if layer.geometry is GeometryKind.point:
        layout |= {"text-anchor": "top", "text-offset": [0, 0.7]}
    paint = {"text-color": INK, "text-halo-color": halo, "text-halo-width": 1.6}
    label = _style_layer(layer, "symbol", "label", paint, layout)
    if layer.role is not Role.district:
        label["minzoom"] = max(layer.style.min_zoom, LABEL_ZOOMS[layer.role])
    if from_anchors and layer.geometry is not GeometryKind.point:
        del label["source-layer"]
        label |= {"source": LABEL_SOURCE, "filter": ["==", ["get", "layer"], layer.id]}
    return label


def _by_zoom(*stops: tuple[float, float]) -> list[Any]:
    return _by(["zoom"], *stops)


def _by(what: list[Any], *stops: tuple[float, float]) -> list[Any]:
    return ["interpolate", ["linear"], what, *(value for stop in stops for value in stop)]


def _zoom_that_shows(bounds: Bounds) -> float:
    """Zoom (512-pixel tiles) at which the bounds are about two tiles wide or high."""
    west, south, east, north = bounds
    north_south = _mercator(north) - _mercator(south)
    share = max((east - west) / 360, north_south, 1e-6)
    return round(min(max(math.log2(1.6 / share), 0), 14), 2)


def _mercator(latitude: float) -> float:
    """Latitude in degrees as a share of the Web Mercator world's height."""
    return math.asinh(math.tan(math.radians(latitude))) / (2 * math.pi)


def _font_faces() -> Json:
    return {
        name: [
            {
                "url": f"{{fonts}}/noto-sans-thai-{subset}-{weight}-normal.woff2",
                "unicode-range": ranges.split(","),
            }
            for subset, ranges in FONT_RANGES.items()
        ]
        for name, weight in FONT_WEIGHTS.items()
    }
