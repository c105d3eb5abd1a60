"""Tiles on a real PostGIS: what is drawn, what is counted, and that only what changed is cut."""

from __future__ import annotations

import gzip
import json
import math
import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import psycopg
import pyogrio
import pytest
import shapely
from pmtiles.tile import tileid_to_zxy, zxy_to_tileid
from psycopg import sql
from sqlalchemy import Engine

from geo.publishing import counting
from geo.publishing import tiles as cutting
from geo.publishing.archive import Stored, unpack
from geo.publishing.counting import Account
from geo.publishing.publication import Publication
from geo.publishing.tiles import Cut, Cutter
from geo.publishing.verifying import tiles as verifying
from geo.publishing.verifying.mvt import DrawnLayer, read_layers
from geo.publishing.verifying.roster import read_roster
from geo.publishing.verifying.tiles import (
    LayerCheck,
    verify_archive,
    verify_untouched,
    verify_whole_map,
)
from geo.store.database import open_engine, run, session
from schemas.catalogue import MapView, load_catalogue
from schemas.models import Layer

POINTS, AREAS = "parks", "health_catchments"
ZOOMS: Final = range(13, 15)
CORNER: Final = (12764, 7564)
"""Four tiles of zoom 14, and of 13, meet at the north-west corner of this one."""
UNIT: Final = 2**-26
BUDGET: Final = 2_500
"""Bytes of a tile here, so that few features are many."""
MOST_THINGS: Final = 40
LISTED: Final = 2
CROWD: Final = 45
"""Features of a layer, above which some leave: tiles are drawn, then counted, then drawn."""


@dataclass
class Town:
    """Two layers in a fresh database, and the archives of each release that was cut."""

    engine: Engine
    view: MapView
    folder: Path
    release: int = 0
    now: dict[tuple[str, uuid.UUID], Mapping[str, Any]] = field(default_factory=dict)
    runs: dict[str, int] = field(default_factory=dict)

    def write(self, changed: Mapping[tuple[str, uuid.UUID], Mapping[str, Any] | None]) -> None:
        """The next release, in which these features are so (None: no more)."""
        self.release += 1
        with psycopg.connect(
            self.engine.url.set(drivername="postgresql").render_as_string(False)
        ) as db:
            for (layer, feature), values in changed.items():
                table = sql.Identifier("core", layer)
                end = "update {} set release_to = %s where feature_id = %s and release_to is null"
                db.execute(sql.SQL(end).format(table), (self.release, feature))
                if values is not None:
                    self._insert(db, layer, feature, values)
        self.now = {k: v for k, v in {**self.now, **changed}.items() if v is not None}

    def _insert(
        self, db: psycopg.Connection, layer: str, feature: uuid.UUID, values: Mapping[str, Any]
    ) -> None:
        row = {
            "feature_id": feature,
            "source_id": next(s.id for s in self.view.sources if s.layer == layer),
            "source_key": str(feature),
            "source_row": 1,
            "run_id": self.runs.get(layer) or self._begin(db, layer),
            "content_hash": bytes(16),
            "location_precision": "exact",
            "release_from": self.release,
            **values,
            "geom": shapely.to_wkb(shapely.set_srid(values["geom"], 4326), include_srid=True),
        }
        insert = sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier("core", layer),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(map(sql.Placeholder, row)),
        )
        db.execute(insert, row)

    def _begin(self, db: psycopg.Connection, layer: str) -> int:
        source = next(s.id for s in self.view.sources if s.layer == layer)
        (self.runs[layer],) = db.execute(
            "insert into meta.run (source_id, layer_id, outcome, target_release, finished_at,"
            " fetched_at, snapshot_sha256, rows_in, rows_published, rows_quarantined,"
            " rows_filtered, rows_at_area)"
            " values (%s, %s, 'accepted', 1, now(), now(), %s, 0, 0, 0, 0, 0) returning run_id",
            (source, layer, "0" * 64),
        ).fetchone() or (0,)
        return self.runs[layer]

    def cut(self, name: str, before: Mapping[str, Path] | None = None) -> dict[str, Cut]:
        """The archives of the last release, verified; by `before`, only what changed is cut."""
        folder = self.folder / f"{self.release}-{name}"
        folder.mkdir()
        earlier = before or {}
        with self.cutter(folder) as (cutter, accounts):
            cuts = {}
            for layer in self.view.layers:
                cuts[layer.id] = cut = cutter.cut(layer, earlier.get(layer.id))
                accounts(layer, cut, earlier.get(layer.id))
            whole = cutter.join(cuts, earlier.get("map"))
            accounts(None, whole, earlier.get("map"), cuts)
        return {**cuts, "map": whole}

    @contextmanager
    def cutter(self, folder: Path) -> Iterator[tuple[Cutter, Callable[..., Any]]]:
        publication = Publication(self.view, self.release, "")
        with session(self.engine) as connection:
            with connection.begin():
                run(connection, "publish_tables")
            with connection.begin():
                run(connection, "publish_snapshot")

                def verify(
                    layer: Layer | None, cut: Cut, old: Path | None, cuts: Mapping[str, Cut] = {}
                ) -> dict[int, Account] | None:
                    if old and cut.fresh is not None:
                        verify_untouched(cut.path, old, cut.fresh)
                    if layer:
                        roster = read_roster(connection, publication, layer)
                        return verify_archive(roster, layer, cut.path, cut.fresh)
                    paths = {name: part.path for name, part in cuts.items()}
                    verify_whole_map(cut.path, paths, check, cut.fresh)
                    return None

                def check(name: str) -> LayerCheck:
                    layer = self.view.layer(name)
                    return LayerCheck(read_roster(connection, publication, layer), layer, "map")

                with Cutter(connection, publication, folder, lambda _: None) as cutter:
                    yield cutter, verify

    def accounts(self, layer_id: str, cut: Cut) -> dict[int, Account]:
        layer = self.view.layer(layer_id)
        with self.cutter(self.folder) as (cutter, verify):
            cutter.place(layer)
            found: dict[int, Account] = verify(layer, replace(cut, fresh=None), None)
            return found


@pytest.fixture
def town(database: Callable[..., str], tmp_path: Path) -> Iterator[Town]:
    catalogue = load_catalogue().map_view("bangkok")
    layers = tuple(_with_zooms(catalogue.layer(name)) for name in (AREAS, POINTS))
    sources = tuple(source for source in catalogue.sources if source.layer in (POINTS, AREAS))
    one_map = catalogue.map.model_copy(update={"layers": (AREAS, POINTS)})
    view = replace(catalogue, map=one_map, layers=layers, sources=sources)
    engine = open_engine(database(view=catalogue))
    yield Town(engine, view, tmp_path)
    engine.dispose()


@pytest.fixture
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (cutting, verifying, counting):
        monkeypatch.setattr(module, "BUDGET", BUDGET)
        monkeypatch.setattr(module, "LISTED", LISTED)
    monkeypatch.setattr(cutting, "THING", BUDGET // MOST_THINGS)


def _with_zooms(layer: Layer) -> Layer:
    zooms = {"min_zoom": ZOOMS[0], "max_zoom": ZOOMS[-1]}
    return layer.model_copy(update={"style": layer.style.model_copy(update=zooms)})


def point(x: float, y: float) -> shapely.Point:
    """A place, in units of zoom 14 from the corner where tiles meet."""
    lon = (CORNER[0] * 4096 + x) * UNIT * 360 - 180
    lat = math.degrees(math.atan(math.sinh((1 - 2 * (CORNER[1] * 4096 + y) * UNIT) * math.pi)))
    return shapely.Point(lon, lat)


def box(x: float, y: float, width: float, height: float) -> shapely.MultiPolygon:
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    return shapely.MultiPolygon([shapely.Polygon([point(*corner) for corner in corners])])


class Editor:
    """Changes a town at random: what a city's agencies may do to it, and what is awkward."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def edits(self, town: Town) -> dict[tuple[str, uuid.UUID], Mapping[str, Any] | None]:
        ways = (self.add, self.add, self.move, self.remove, self.rename, self.annotate, self.heap)
        changed: dict[tuple[str, uuid.UUID], Mapping[str, Any] | None] = {}
        for _ in range(self._random.randint(1, 3)):
            layer = self._random.choice((POINTS, POINTS, AREAS))
            known = sorted(key for key in town.now if key[0] == layer and key not in changed)
            way = self.remove if len(known) > CROWD else self._random.choice(ways)
            changed |= way(layer, known, town)
        return changed

    def add(self, layer: str, known: Any, town: Town) -> Any:
        return {
            (layer, self._id()): {"name_th": self._name(), "geom": self._shape(layer)}
            for _ in range(self._random.choice((1, 2, 30)))
        }

    def move(self, layer: str, known: Any, town: Town) -> Any:
        return {k: {**town.now[k], "geom": self._shape(layer)} for k in self._some(known)}

    def remove(self, layer: str, known: Any, town: Town) -> Any:
        return dict.fromkeys(self._some(known, most=self._random.choice((1, 40))))

    def rename(self, layer: str, known: Any, town: Town) -> Any:
        return {k: {**town.now[k], "name_th": self._name()} for k in self._some(known)}

    def annotate(self, layer: str, known: Any, town: Town) -> Any:
        """An attribute that is in no tile, or is missing in all."""
        column = "park_type" if layer == POINTS else "claimed_district_code"
        return {k: {**town.now[k], column: self._name()} for k in self._some(known)}

    def heap(self, layer: str, known: Any, town: Town) -> Any:
        spot = self._shape(layer)
        return {k: {**town.now[k], "geom": spot} for k in self._some(known, most=6)}

    def _some(self, known: Any, most: int = 3) -> Any:
        return self._random.sample(known, min(len(known), self._random.randint(1, most)))

    def _id(self) -> uuid.UUID:
        return uuid.UUID(int=self._random.getrandbits(128), version=4)

    def _name(self) -> str | None:
        return self._random.choice((None, f"ที่ {self._random.getrandbits(40):x}"))

    def _shape(self, layer: str) -> shapely.Geometry:
        near = self._random.choice((2, 80, 3000, 9000))
        x, y = (self._random.uniform(-near, near) for _ in range(2))
        if layer == POINTS:
            return point(x, y)
        width, height = (self._random.choice((0.2, 30, 900, 9000)) for _ in range(2))
        return box(x - width / 2, y, width, height)


def test_what_is_cut_where_something_changed_is_what_a_whole_build_gives(
    town: Town, small_budget: None
) -> None:
    """Fifty releases after one another; all archives byte for byte."""
    editor = Editor(7)
    town.write({(POINTS, uuid.UUID(int=1)): {"geom": point(1, 1)}})
    before: dict[str, Path] | None = None
    copied = modes = 0
    for _ in range(51):
        cuts = town.cut("changed", before)
        whole = town.cut("whole") if before else cuts
        for name, cut in cuts.items():
            same = cut.path.read_bytes() == whole[name].path.read_bytes()
            assert same, f"{name} of release {town.release} is another one"
            if before:
                assert cut.fresh is not None
                copied += len(Stored(cut.path).keys() - cut.fresh)
                modes += len({mode for _, mode in modes_of(cut.path, name)} | set())
        before = {name: cut.path for name, cut in cuts.items()}
        town.write(editor.edits(town))
    assert copied > 300, "nearly all was cut anew, and nothing was shown"
    assert modes > 100, "tiles of one kind alone were made"


def modes_of(path: Path, name: str) -> Iterator[tuple[int, bool]]:
    for number, packed in Stored(path).items():
        if tile := unpack(packed):
            yield number, all(part.name.endswith("_count") for part in read_layers(tile))


def layers_at(path: Path, zoom: int) -> Iterator[tuple[tuple[int, int], DrawnLayer]]:
    for number, packed in Stored(path).items():
        z, column, row = tileid_to_zxy(number)
        if z == zoom and (tile := unpack(packed)):
            for part in read_layers(tile, ("feature_id", "places"), ("count",)):
                yield (column, row), part


def many(count: int, at: Callable[[int], shapely.Geometry], layer: str = POINTS) -> Any:
    return {
        (layer, uuid.uuid5(uuid.NAMESPACE_OID, str(n))): {"geom": at(n), "name_th": f"ที่ {n}"}
        for n in range(count)
    }


def test_a_tile_of_too_much_is_counted_and_its_neighbour_is_drawn(
    town: Town, small_budget: None
) -> None:
    crowd = many(60, lambda n: point(100 + 60 * n, 100 + 7 * n))
    alone = {(POINTS, uuid.UUID(int=1)): {"geom": point(-50, 100)}}
    town.write({**crowd, **alone})
    cut = town.cut("whole")[POINTS]

    found = dict(layers_at(cut.path, 14))
    assert found[CORNER].name == "parks_count"
    assert found[CORNER].numbers["count"].sum() == 60
    assert found[CORNER[0] - 1, CORNER[1]].name == "parks"
    assert town.accounts(POINTS, cut)[14] == Account(drawn=1, counted=60)
    told = pyogrio.read_dataframe(cut.path, layer="parks_count", ZOOM_LEVEL=14)  # GDAL says so, too
    assert told["count"].sum() == 60
    assert max(map(len, Stored(cut.path).values())) <= BUDGET


def test_counts_stand_at_the_mean_of_what_they_count(town: Town, small_budget: None) -> None:
    """Whole numbers: in whatever order rows come, the mean is the same."""
    here = [(10, 20), (13, 20), (14, 23)] * 20
    town.write(many(60, lambda n: point(here[n][0] + 0.5 + 64 * (n % 20), here[n][1] + 0.5)))
    cut = town.cut("whole")[POINTS]
    ((_, part),) = [found for found in layers_at(cut.path, 14) if found[0] == CORNER]
    assert part.name == "parks_count"
    assert part.numbers["count"].tolist() == [3] * 20
    assert set(part.y.tolist()) == {21}
    assert [x - 64 * n for n, x in enumerate(part.x.tolist())] == [12] * 20


def test_places_on_one_spot_are_one_feature_with_their_count_and_the_first_of_them(
    town: Town, small_budget: None
) -> None:
    town.write(many(5, lambda n: point(7, 7)) | {(POINTS, uuid.UUID(int=1)): {"geom": point(9, 9)}})
    cut = town.cut("whole")[POINTS]

    parts = {part.name: part for _, part in layers_at(cut.path, 14)}
    assert parts["parks"].texts["feature_id"].to_pylist() == [str(uuid.UUID(int=1))]
    assert parts["parks_count"].numbers["count"].tolist() == [5]
    places = json.loads(parts["parks_count"].texts["places"][0].as_py())
    ids = sorted(str(key[1]) for key in town.now if key[1].int != 1)
    assert [place["feature_id"] for place in places] == ids[:LISTED]
    assert all(place["name_th"].startswith("ที่ ") for place in places)
    # Before the last zoom they are drawn, one over the other.
    assert len(dict(layers_at(cut.path, 13)).popitem()[1].x) == 6
    assert town.accounts(POINTS, cut)[14] == Account(drawn=1, counted=5)


def test_a_thousand_places_on_one_spot_do_not_make_a_tile_of_counts(
    town: Town, small_budget: None
) -> None:
    town.write(
        many(1000, lambda n: point(7, 7)) | {(POINTS, uuid.UUID(int=1)): {"geom": point(9, 9)}}
    )
    cut = town.cut("whole")[POINTS]
    assert town.accounts(POINTS, cut)[14] == Account(drawn=1, counted=1000)
    assert {part.name for _, part in layers_at(cut.path, 14)} == {"parks", "parks_count"}
    assert {part.name for _, part in layers_at(cut.path, 13)} == {"parks_count"}


def test_areas_are_counted_in_the_tile_that_they_are_at_home_in(
    town: Town, small_budget: None
) -> None:
    """An area over an edge is counted once, whichever tiles it touches."""
    town.write(many(60, lambda n: box(-40 + n / 9, 50, 100, 60), AREAS))
    cut = town.cut("whole")[AREAS]
    parts = dict(layers_at(cut.path, 14))
    assert {part.name for part in parts.values()} == {"health_catchments_count"}
    assert sum(part.numbers["count"].sum() for part in parts.values()) == 60
    assert town.accounts(AREAS, cut) == {zoom: Account(0, 60) for zoom in ZOOMS}


def test_a_tile_of_too_many_vertices_is_counted_before_it_is_encoded(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cutting, "MOST_OCTETS", 1_000)
    round_ = shapely.MultiPolygon([point(500, 500).buffer(0.01, quad_segs=64)])
    town.write({(AREAS, uuid.UUID(int=1)): {"geom": round_}})
    cut = town.cut("whole")[AREAS]
    assert town.accounts(AREAS, cut)[14] == Account(0, 1)
    assert town.accounts(AREAS, cut)[13] == Account(0, 1)


def test_below_a_declared_zoom_a_layer_is_counts(town: Town) -> None:
    layers = [
        layer.model_copy(update={"style": layer.style.model_copy(update={"count_below": 14})})
        for layer in town.view.layers
    ]
    town.view = replace(town.view, layers=tuple(layers))
    town.write(many(3, lambda n: point(9 * n, 7)) | many(2, lambda n: box(n, n, 9, 9), AREAS))
    cuts = town.cut("whole")
    for name, count in ((POINTS, 3), (AREAS, 2)):
        accounts = town.accounts(name, cuts[name])
        assert accounts[13] == Account(0, count)
        assert accounts[14] == Account(count, 0)


def test_layers_that_are_too_large_together_are_counted_in_the_whole_map_alone(
    town: Town, small_budget: None
) -> None:
    """Places before areas, until the rest is within the budget; verification sees to the counts."""
    town.write(
        many(30, lambda n: point(100 * n, 7 * n))
        | many(36, lambda n: box(100 * n, 5 * n, 90, 60), AREAS)
    )
    cuts = town.cut("whole")
    own = [dict(layers_at(cuts[name].path, 14))[CORNER].name for name in (AREAS, POINTS)]
    assert own == [AREAS, POINTS]
    together = [part.name for at, part in layers_at(cuts["map"].path, 14) if at == CORNER]
    assert together == [AREAS, "parks_count"]
    assert max(map(len, Stored(cuts["map"].path).values())) <= BUDGET


def test_layers_that_pack_worse_together_than_apart_are_within_the_budget_all_the_same(
    town: Town, small_budget: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the packer found nothing in common: apart they would fit, together they do not."""

    def unpressed(tile: bytes) -> bytes:
        return gzip.compress(tile, 0)

    def joined(parts: list[bytes]) -> bytes:
        return parts[0] if len(parts) == 1 else unpressed(b"".join(map(unpack, parts)))

    monkeypatch.setattr(cutting, "_joined", joined)
    monkeypatch.setattr(verifying, "pack", unpressed)
    town.write(
        many(24, lambda n: point(100 * n, 7 * n))
        | many(10, lambda n: box(100 * n, 5 * n, 90, 60), AREAS)
    )
    cuts = town.cut("whole")
    own = [Stored(cuts[name].path)[zxy_to_tileid(14, *CORNER)] for name in (AREAS, POINTS)]
    assert sum(map(len, own)) <= BUDGET < len(joined(own))
    together = [part.name for at, part in layers_at(cuts["map"].path, 14) if at == CORNER]
    assert together == [AREAS, "parks_count"]
    assert max(map(len, Stored(cuts["map"].path).values())) <= BUDGET


def test_a_crowd_is_drawn_on_the_last_zoom_alone(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "CROWDED", dict.fromkeys(counting.CROWDED, 1_000))
    crowd = many(60, lambda n: point(60 * n, 7 * n))
    town.write(crowd | many(40, lambda n: box(90 * n, 50, 60, 60), AREAS))
    cuts = town.cut("whole")
    for name, count in ((POINTS, 60), (AREAS, 40)):
        accounts = town.accounts(name, cuts[name])
        assert accounts == {13: Account(0, count), 14: Account(count, 0)}


def test_on_the_edges_of_the_world_every_feature_is_told(town: Town) -> None:
    edges = [(-180, 0), (180, 0), (0, 90), (0, -90), (180, 89), (0, 0), (-180, -86)]
    town.write(many(len(edges), lambda n: shapely.Point(*edges[n])))
    cut = town.cut("whole")[POINTS]
    assert {a.drawn + a.counted for a in town.accounts(POINTS, cut).values()} == {len(edges)}
