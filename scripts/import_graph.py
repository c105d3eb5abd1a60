"""Draw who imports whom, room by room: `import_graph.py FOLDER PICTURE.svg`.

FOLDER is a checkout of One Map, this one or an older one. A room is a package of ours, or one of
`geo`'s folders and modules; an arrow is every import from one room into another, and its number
how many modules' imports it stands for. A room stands below all that import it; only arrows of a
circle cannot lead down, and these are red. What is counted is printed.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from pathlib import Path

import grimp

PACKAGES = ("cli", "flows", "geo", "samples", "schemas", "server", "sql", "web")
WIDTH, ROW, MARGIN, BOX, LETTER = 1300, 110, 50, 28, 7.6
DOWN, UP, INK, PAPER = "#5b7a99", "#c62828", "#1c2733", "#ffffff"

Arrows = Counter[tuple[str, str]]


def room(module: str) -> str:
    """The room of a module: a package, or a folder or module right below `geo`."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "geo" and len(parts) > 1 else parts[0]


def count(graph: grimp.ImportGraph) -> Arrows:
    """Imports between rooms."""
    found: Arrows = Counter()
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            start, end = room(importer), room(imported)
            if start != end and "geo" not in (start, end):
                found[start, end] += 1
    return found


def circles(arrows: Arrows) -> list[set[str]]:
    """Sets of rooms that all reach each other."""
    reached = {start: _reached(start, arrows) for start, _ in arrows}
    found: list[set[str]] = []
    for name, others in reached.items():
        circle = {other for other in others if name in reached.get(other, ())}
        if circle and circle not in found:
            found.append(circle)
    return found


def _reached(start: str, arrows: Arrows) -> set[str]:
    found: set[str] = set()
    coming = [start]
    while coming:
        name = coming.pop()
        new = {end for begin, end in arrows if begin == name} - found
        found |= new
        coming += new
    return found


def lines(arrows: Arrows) -> dict[str, int]:
    """Each room one line below the lowest of those that import it; a circle shares its line."""
    names = sorted({name for arrow in arrows for name in arrow})
    circle = {name: min(found) for found in circles(arrows) for name in found}
    depth = dict.fromkeys(names, 0)
    for _ in names:
        for start, end in arrows:
            if circle.get(start, start) != circle.get(end, end):
                depth[end] = max(depth[end], depth[start] + 1)
        for name, first in circle.items():
            depth[name] = max(depth[name], depth[first])
            depth[first] = max(depth[first], depth[name])
    return depth


def positions(arrows: Arrows) -> dict[str, tuple[float, float]]:
    """The middle of each room's box; on its line, a room stands near those that import it."""
    depth = lines(arrows)
    places: dict[str, tuple[float, float]] = {}
    for line, found in groupby(sorted(depth, key=lambda name: depth[name]), key=depth.get):
        names = sorted(found, key=lambda name: _wanted(name, arrows, places))
        for number, name in enumerate(names):
            x = MARGIN + (WIDTH - 2 * MARGIN) * (number + 0.5) / len(names)
            places[name] = (x, MARGIN + ROW * (line or 0))
    return places


def _wanted(name: str, arrows: Arrows, places: Mapping[str, tuple[float, float]]) -> float:
    above = [places[start][0] for start, end in arrows if end == name and start in places]
    return sum(above) / len(above) if above else WIDTH / 2


def draw(arrows: Arrows) -> Iterator[str]:
    """The lines of an SVG."""
    places = positions(arrows)
    red = {frozenset(circle) for circle in circles(arrows)}
    height = max(y for _, y in places.values()) + MARGIN
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
        f'font-family="sans-serif" font-size="13" text-anchor="middle">'
    )
    yield f'<rect width="100%" height="100%" fill="{PAPER}"/>'
    for colour in (DOWN, UP):
        yield (
            f'<marker id="m{colour[1:]}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
            f'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="{colour}"/></marker>'
        )
    for (start, end), number in sorted(arrows.items()):
        circular = any({start, end} <= circle for circle in red)
        yield _arrow(places[start], places[end], number, UP if circular else DOWN)
    for name, (x, y) in places.items():
        yield _box(name, x, y)
    yield "</svg>"


def _arrow(start: tuple[float, float], end: tuple[float, float], number: int, colour: str) -> str:
    (x1, y1), (x2, y2) = start, end
    side = BOX / 2 if y2 > y1 else -BOX / 2
    y1, y2 = (y1 + side, y2 - side) if y1 != y2 else (y1 - BOX / 2, y2 - BOX / 2)
    bend = abs(y2 - y1) / 2 or ROW / 2
    c1, c2 = (y1 + bend, y2 - bend) if y2 > y1 else (y1 - bend, y2 - (bend if y1 == y2 else -bend))
    label = (x1 * 0.35 + x2 * 0.65, y1 * 0.28 + y2 * 0.72 - 2)
    stroke = f'stroke="{colour}" stroke-opacity=".55" stroke-width="{1 + number**0.5 / 4:.1f}"'
    return (
        f'<path d="M{x1:.0f} {y1:.0f}C{x1:.0f} {c1:.0f} {x2:.0f} {c2:.0f} {x2:.0f} {y2:.0f}" '
        f'fill="none" {stroke} '
        f'marker-end="url(#m{colour[1:]})"/>'
        f'<text x="{label[0]:.0f}" y="{label[1]:.0f}" font-size="9" fill="{colour}">{number}</text>'
    )


def _box(name: str, x: float, y: float) -> str:
    label = name.removeprefix("geo.")
    width = LETTER * len(label) + 16
    fill = "#eef3f8" if name.startswith("geo.") else "#fff3d6"
    return (
        f'<rect x="{x - width / 2:.0f}" y="{y - BOX / 2:.0f}" width="{width:.0f}" height="{BOX}" '
        f'rx="5" fill="{fill}" stroke="{INK}"/>'
        f'<text x="{x:.0f}" y="{y + 4.5:.0f}" fill="{INK}">{escape(label)}</text>'
    )


def main(folder: str, picture: str) -> None:
    """Draw the checkout in `folder`, and print its counts."""
    sys.path.insert(0, folder)
    packages = [name for name in PACKAGES if (Path(folder) / name / "__init__.py").is_file()]
    arrows = count(grimp.build_graph(*packages, cache_dir=None))
    Path(picture).write_text("\n".join(draw(arrows)) + "\n")
    inside = [arrow for arrow in arrows if all(name.startswith("geo.") for name in arrow)]
    rooms = {name for arrow in arrows for name in arrow if name.startswith("geo.")}
    found = circles(arrows)
    print(f"geo: {len(rooms)} rooms, {len(inside)} arrows; with the packages: {len(arrows)} arrows")
    print(f"circles: {len(found)}", *(" <-> ".join(sorted(circle)) for circle in found), sep="\n  ")


if __name__ == "__main__":
    main(*sys.argv[1:3])
