"""Vector tiles: one PMTiles archive per layer, and one that holds all layers.

The database cuts (sql/functions/047_tiles.sql, ADR 0020). No tile is larger than it may be
(counting.py): a layer that needs more in a tile is told there by exact counts, in a source layer
`<layer>_count`. What a tile holds follows from what lies in it alone. So whatever no change touches
is taken from the archive of the release before, and the file is the one that a whole build makes.
The whole map's tile is the layers' tiles one after another: a vector tile is a sequence of layers.
"""

from __future__ import annotations

import html
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pmtiles.tile import tileid_to_zxy, zxy_to_tileid
from sqlalchemy import Connection

from geo.publishing.archive import BLANK, Archive, Stored, pack, unpack
from geo.publishing.columns import STANDARD, tile_columns
from geo.publishing.counting import (
    BUDGET,
    DEEPEST,
    LISTED,
    budget_of,
    cell_bits,
    counts_of,
    is_heaped,
)
from geo.publishing.publication import Publication
from geo.store.blame import Building
from geo.store.database import run, stream
from schemas.models import Bilingual, ColumnType, GeometryKind, Layer, Role

Json = dict[str, Any]
Progress = Callable[[str], None]
Tile = tuple[int, bytes]
"""Number and packed bytes."""

WHOLE_MAP: Final = "map"
THING: Final = 20
"""Bytes that a feature takes at least, however it is packed: an identity of 16 random octets, a
place, the numbers of its attributes. A tile of more than fit is counted without being encoded."""
MOST_OCTETS: Final = 1 << 24
"""Of shapes in memory: a million vertices, which no packing brings under the budget."""
BUFFER: Final = 64
"""Units by which lines and areas are drawn beyond their tile, so that they join."""

_AT_ONCE: Final = 8
"""Tiles that are unpacked at a time: of some 4 MB at the most."""
_FIELD_TYPES: Final = {
    ColumnType.integer: "Number",
    ColumnType.number: "Number",
    ColumnType.year: "Number",
    ColumnType.boolean: "Boolean",
}


@dataclass(frozen=True)
class Cut:
    """An archive as it was made; `fresh` are the numbers of the tiles that were cut for it, None
    where all were. The others are those of the release before.
    """

    path: Path
    fresh: frozenset[int] | None


class Cutter:
    """Cuts a release's tiles within its transaction, whose temporary tables it fills.

    Used as a context: it has threads that pack.
    """

    def __init__(
        self, connection: Connection, publication: Publication, folder: Path, progress: Progress
    ) -> None:
        self._connection = connection
        self._publication = publication
        self._folder = folder
        self._progress = progress
        self._pool = ThreadPoolExecutor(thread_name_prefix="pack")
        self._placed: set[str] = set()

    def __enter__(self) -> Cutter:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def cut(self, layer: Layer, previous: Path | None = None) -> Cut:
        """Writes `<layer>.pmtiles`. `previous` is the layer's archive in the release before, if it
        was made in the same way: only what changed since is cut, the rest is copied.
        """
        with Building(layer.id), Archive(self._folder / f"{layer.id}.pmtiles") as archive:
            self.place(layer)
            fresh = self._plan(layer, whole=previous is None)
            if previous is not None:
                _copy(Stored(previous), fresh, archive)
            for zoom in _zooms([layer]):
                self._progress(f"tiles of {layer.id}, zoom {zoom} ({layer.style.max_zoom} is last)")
                for number, packed in self._cut_zoom(layer, zoom):
                    archive.add(number, packed)
            path = self._finish(archive, layer.title, [layer])
            return Cut(path, fresh if previous else None)

    def join(self, cuts: Mapping[str, Cut], previous: Path | None = None) -> Cut:
        """Writes `map.pmtiles` from the archives of all layers; `previous` as for `cut`, of a map
        of the same layers.

        Where a tile would be too large, layers are counted there, and there alone: places before
        areas, and the largest first.
        """
        self._progress("tiles of the whole map")
        view = self._publication.view
        stored = {layer.id: Stored(cuts[layer.id].path) for layer in view.layers}
        numbers = {number for tiles in stored.values() for number in tiles}
        fresh = None if previous is None else _all_fresh(cuts.values())
        with Archive(self._folder / f"{WHOLE_MAP}.pmtiles") as archive:
            if previous is not None and fresh is not None:
                _copy(Stored(previous), fresh, archive)
                numbers &= fresh
            parts = ((number, self._parts(number, stored)) for number in sorted(numbers))
            for number, joined in self._in_threads(_joined, parts):
                packed = joined
                if len(joined) > BUDGET:  # parts may pack better apart than together
                    packed = _joined(self._parts(number, stored, lambda few: len(_joined(few))))
                if packed != BLANK:
                    archive.add(number, packed)
            return Cut(self._finish(archive, view.map.title, view.layers), fresh)

    def place(self, layer: Layer) -> None:
        """Has the database find where the features of the layer lie, once."""
        if layer.id not in self._placed:
            self._run("publish_spots", layer, target=self._publication.number)
            run(self._connection, "publish_analyze_spots")
            self._placed.add(layer.id)

    def _plan(self, layer: Layer, whole: bool) -> frozenset[int]:
        """Decides what is cut and how, and gathers what is drawn; answers the numbers of the tiles
        that a change touches (none for a whole build).
        """
        rows = {"target": self._publication.number, "columns": list(tile_columns(layer))}
        fresh: set[int] = set()
        if not whole:
            self._run("publish_changes", layer, **rows)
            for zoom in _zooms([layer]):
                touched = self._run("publish_touched", layer, buffer=_buffer(layer), **_at(zoom))
                fresh.update(zxy_to_tileid(zoom, tile.x, tile.y) for tile in touched)
        for zoom in _zooms([layer]):
            self._plan_zoom(layer, zoom, whole)
        run(self._connection, "publish_analyze_plans")
        if not whole:
            for zoom in _zooms([layer]):
                kind, by_kind = _by_kind(layer, zoom, "buffer")
                self._run(f"publish_wanted_{kind}", layer, **_at(zoom), **by_kind)
        self._run("publish_gather", layer, **rows, whole=whole)
        run(self._connection, "publish_analyze")
        return frozenset(fresh)

    def _plan_zoom(self, layer: Layer, zoom: int, whole: bool) -> None:
        kind, by_kind = _by_kind(layer, zoom, "buffer", "heaped")
        counted, most = zoom < layer.style.count_below, budget_of(layer, zoom) // THING
        decided = {"whole": whole, "counted": counted, "most": most}
        self._run(f"publish_plan_{kind}", layer, **_at(zoom), **by_kind, **decided)

    def _cut_zoom(self, layer: Layer, zoom: int) -> Iterator[Tile]:
        """The planned tiles of a zoom: those that are drawn, and then those that are counted."""
        planned = self._run("publish_planned", layer, zoom=zoom).all()
        counted = [(tile.x, tile.y) for tile in planned if tile.counted]
        budget = budget_of(layer, zoom)
        drawn = self._drawn(layer, zoom) if len(counted) < len(planned) else ()
        for number, packed in self._in_threads(_packed, drawn):
            if packed is not None and len(packed) <= budget:
                yield number, packed
            else:
                _, column, row = tileid_to_zxy(number)
                counted.append((column, row))
        for number, tile in self._counts(layer, zoom, counted):
            yield number, pack(tile)

    def _drawn(self, layer: Layer, zoom: int) -> Iterator[tuple[int, bytes | None]]:
        kind, by_kind = _by_kind(layer, zoom, "buffer", "heaped", "octets", "listed")
        given = {"layer": layer.id, **_at(zoom), **by_kind}
        for row in stream(self._connection, f"publish_{kind}", _AT_ONCE, **given):
            yield zxy_to_tileid(zoom, row.x, row.y), row.tile

    def _counts(self, layer: Layer, zoom: int, tiles: Sequence[tuple[int, int]]) -> Iterator[Tile]:
        if tiles:
            columns, rows = map(list, zip(*tiles, strict=True))
            given = {"columns": columns, "rows": rows, "cell": cell_bits(layer, zoom)}
            for tile in self._run("publish_counts", layer, shift=DEEPEST - zoom, **given):
                yield zxy_to_tileid(zoom, tile.x, tile.y), bytes(tile.tile)

    def _parts(
        self,
        number: int,
        stored: Mapping[str, Stored],
        size: Callable[[list[bytes]], int] = lambda parts: sum(map(len, parts)),
    ) -> list[bytes]:
        """The layers' packed tiles of a number, within the budget in all, by their `size`."""
        parts = {name: tiles[number] for name, tiles in stored.items() if number in tiles}
        zoom, column, row = tileid_to_zxy(number)
        drawn = dict(parts)
        while drawn and size([*parts.values()]) > BUDGET:
            largest = max(drawn, key=lambda name: (self._rank(name), len(drawn[name])))
            del drawn[largest]
            layer = self._publication.view.layer(largest)
            self.place(layer)
            counts = [tile for _, tile in self._counts(layer, zoom, [(column, row)])]
            parts[largest] = pack(b"".join(counts))
        return [part for part in parts.values() if part != BLANK]

    def _rank(self, layer_id: str) -> int:
        """Which layers are counted first: a map can be read without places, not without land."""
        role = self._publication.view.layer(layer_id).role
        return (Role.district, Role.subdistrict, Role.area, Role.place).index(role)

    def _in_threads(
        self, work: Callable[[Any], Any], given: Iterable[tuple[int, Any]]
    ) -> Iterator[tuple[int, Any]]:
        """`work` on what comes for each number, in its order and some tiles ahead."""
        waiting: deque[tuple[int, Future[Any]]] = deque()
        for number, value in given:
            waiting.append((number, self._pool.submit(work, value)))
            if len(waiting) > _AT_ONCE:
                first, done = waiting.popleft()
                yield first, done.result()
        for first, done in waiting:
            yield first, done.result()

    def _run(self, name: str, layer: Layer, **values: Any) -> Any:
        return run(self._connection, name, layer=layer.id, **values)

    def _finish(self, archive: Archive, title: Bilingual, layers: Sequence[Layer]) -> Path:
        metadata = self._metadata(title, layers)
        first = zxy_to_tileid(metadata["minzoom"], 0, 0)
        return archive.finish(metadata, self._publication.view.area.extent, first)

    def _metadata(self, title: Bilingual, layers: Sequence[Layer]) -> Json:
        """What a viewer needs to know of an archive (TileJSON's words). No release number, no time:
        the same content keeps the same bytes.
        """
        publication = self._publication
        notice = publication.view.map.notice
        agencies = [
            publication.view.agencies[source.agency].title.th
            for source in publication.sources_of(*layers)
        ]
        zooms = _zooms(layers)
        return {
            "name": title.th,
            "description": f"{title.th} / {title.en}",
            # Shown as HTML by most viewers.
            "attribution": ", ".join(html.escape(name) for name in dict.fromkeys(agencies)),
            "notice": notice.model_dump() if notice else None,
            "type": "overlay",
            "format": "pbf",
            "minzoom": zooms[0],
            "maxzoom": zooms[-1],
            "bounds": ",".join(str(degrees) for degrees in publication.view.area.extent),
            "vector_layers": [
                part for layer in layers for part in (_vector_layer(layer), _count_layer(layer))
            ],
        }


def _copy(old: Stored, fresh: Set[int], archive: Archive) -> None:
    """Takes the tiles over that are not fresh."""
    for number, packed in old.items():
        if number not in fresh and packed != BLANK:
            archive.add(number, packed)


def _all_fresh(cuts: Iterable[Cut]) -> frozenset[int] | None:
    """The tiles that are fresh in any of the archives; None if that is all of them."""
    numbers: set[int] = set()
    for cut in cuts:
        if cut.fresh is None:
            return None
        numbers |= cut.fresh
    return frozenset(numbers)


def _packed(tile: bytes | None) -> bytes | None:
    return None if tile is None else pack(bytes(tile))


def _joined(parts: list[bytes]) -> bytes:
    """One tile of several; where there is one alone, it is packed already."""
    return parts[0] if len(parts) == 1 else pack(b"".join(map(unpack, parts)))


def _at(zoom: int) -> Json:
    """What statements about a zoom are given."""
    return {"zoom": zoom, "shift": DEEPEST - zoom}


def _buffer(layer: Layer) -> int:
    return 0 if layer.geometry is GeometryKind.point else BUFFER


def _by_kind(layer: Layer, zoom: int, *wanted: str) -> tuple[str, Json]:
    """Statements about points are others than those about shapes: the end of their names, and what
    of `wanted` they are given.
    """
    if layer.geometry is GeometryKind.point:
        kind, given = "points", {"heaped": is_heaped(layer, zoom), "listed": LISTED}
    else:
        kind, given = "shapes", {"buffer": BUFFER, "octets": MOST_OCTETS}
    return kind, {name: value for name, value in given.items() if name in wanted}


def _zooms(layers: Sequence[Layer]) -> range:
    styles = [layer.style for layer in layers]
    first, last = min(s.min_zoom for s in styles), max(s.max_zoom for s in styles)
    return range(first, last + 1)


def _vector_layer(layer: Layer) -> Json:
    own = {
        name: _FIELD_TYPES.get(column.type, "String")
        for name, column in tile_columns(layer).items()
    }
    return {
        "id": layer.id,
        "description": f"{layer.title.th} / {layer.title.en}",
        "minzoom": layer.style.min_zoom,
        "maxzoom": layer.style.max_zoom,
        "fields": {"feature_id": "String", **own, **dict.fromkeys(STANDARD, "String")},
    }


def _count_layer(layer: Layer) -> Json:
    return {
        "id": counts_of(layer.id),
        "description": f"จำนวน{layer.title.th} / How many: {layer.title.en}",
        "minzoom": layer.style.min_zoom,
        "maxzoom": layer.style.max_zoom,
        "fields": {"count": "Number", "places": "String"},
    }
