"""The second reader of tiles finds what the cutter got wrong: each tile is spoilt in turn."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pmtiles.tile import zxy_to_tileid

from geo.errors import ReleaseUnverified
from geo.publishing.archive import BLANK, Archive, Stored, pack, unpack
from geo.publishing.counting import Account
from geo.publishing.verifying.mvt import read_layers
from geo.publishing.verifying.roster import Roster, roster_of
from geo.publishing.verifying.tiles import (
    LayerCheck,
    verify_archive,
    verify_untouched,
    verify_whole_map,
)
from schemas.catalogue import load_catalogue
from schemas.models import Layer
from tests.unit.vector_tile import tile

BANGKOK = (100.3, 13.4, 101.0, 14.0)
AT = (12763, 7563)
"""A tile of zoom 14 in Bangkok; of zoom 13 its parent is."""
NAMES = ("สวนลุมพินี", "น้ำตก", None)
IDS = tuple(sorted(str(uuid.UUID(int=random.Random(n).getrandbits(128))) for n in range(3)))
UNITS = ((100, 200), (4095, 0), (100, 200))
"""Of zoom 14: the first and the last feature lie on one spot."""


@pytest.fixture(scope="module")
def parks() -> Layer:
    layer = load_catalogue().layers["parks"]
    return layer.model_copy(
        update={"style": layer.style.model_copy(update={"min_zoom": 13, "max_zoom": 14})}
    )


def roster_at(units: Sequence[tuple[int, int]], names: Sequence[str | None] = NAMES) -> Roster:
    """Features at these units of the tile, as the database would tell them."""
    spots = np.array(units) + np.array(AT) * 4096
    x, y = (spots + 0.5).T / 2**26
    lon, lat = x * 360 - 180, np.degrees(np.arctan(np.sinh((0.5 - y) * 2 * np.pi)))
    texts = [(name or "").encode() for name in names]
    sizes = [len(t) if name is not None else -1 for t, name in zip(texts, names, strict=True)]
    ids = (
        sorted(IDS) if len(units) == 3 else [str(uuid.UUID(int=n << 96)) for n in range(len(units))]
    )
    packed = b"".join(uuid.UUID(text).bytes for text in ids)
    degrees = np.column_stack([lon, lat]).astype(">f8").tobytes()
    rows = [(packed, b"".join(texts), np.array(sizes, ">i4").tobytes(), degrees)]
    return roster_of("parks", rows, [(packed, spots.astype(">i4").tobytes())])


@pytest.fixture
def roster() -> Roster:
    return roster_at(UNITS)


def feature(number: int, **changed: Any) -> dict[str, Any]:
    name = {"name_th": NAMES[number]} if NAMES[number] else {}
    return {"feature_id": IDS[number], **name, **changed}


def at_13(number: int) -> tuple[int, int]:
    """Units of the feature in the tile of zoom 13."""
    (x, y), (column, row) = UNITS[number], AT
    return (x >> 1) + (column & 1) * 2048, (y >> 1) + (row & 1) * 2048


def all_drawn() -> list[tuple[int, int, dict[str, Any]]]:
    return [(*at_13(number), feature(number)) for number in range(3)]


LISTED = json.dumps([feature(0), feature(2)], ensure_ascii=False)
LAST = tile(
    parks=[(*UNITS[1], feature(1))], parks_count=[(*UNITS[0], {"count": 2, "places": LISTED})]
)


def archive(path: Path, tiles: Mapping[int, bytes]) -> Path:
    """An archive of one tile for each zoom, or of packed tiles by number."""
    with Archive(path) as made:
        for zoom, content in tiles.items():
            shift = 14 - zoom
            made.add(zxy_to_tileid(zoom, AT[0] >> shift, AT[1] >> shift), pack(content))
        return made.finish({"minzoom": 13, "maxzoom": 14}, BANGKOK, 0)


def test_what_is_drawn_or_counted_in_its_place_is_accounted_for(
    roster: Roster, parks: Layer, tmp_path: Path
) -> None:
    made = archive(tmp_path / "parks.pmtiles", {13: tile(parks=all_drawn()), 14: LAST})
    assert verify_archive(roster, parks, made) == {13: Account(3, 0), 14: Account(1, 2)}


def counted(*cells: tuple[int, int, int]) -> bytes:
    return tile(parks_count=[(x, y, {"count": count}) for x, y, count in cells])


def test_counts_by_cell_are_those_of_the_features(
    roster: Roster, parks: Layer, tmp_path: Path
) -> None:
    (x, y), (far, top) = at_13(0), at_13(1)
    right = counted((x, y, 2), (far, top, 1))
    made = archive(tmp_path / "parks.pmtiles", {13: right, 14: LAST})
    assert verify_archive(roster, parks, made)[13] == Account(0, 3)


def spoilt_13() -> dict[str, bytes]:
    drawn, (x, y), (far, top) = all_drawn(), at_13(0), at_13(1)
    moved = [(drawn[0][0] + 9, *drawn[0][1:]), *drawn[1:]]
    renamed = [(x, y, feature(0, name_th="สวนลุมพน")), *drawn[1:]]
    stranger = [*drawn, (5, 5, {"feature_id": str(uuid.UUID(int=7))})]
    return {
        "loses 1 features": tile(parks=drawn[1:]),
        "zoom 13 loses 3 features": b"",
        "draws a feature elsewhere": tile(parks=moved),
        "spells name_th otherwise": tile(parks=renamed),
        "which is not located": tile(parks=stranger),
        "draws a feature twice": tile(parks=[*drawn, drawn[2]]),
        r"holds \['contact_name'\]": tile(parks=[(x, y, feature(0, contact_name="x")), *drawn[1:]]),
        "holds layer roads": tile(parks=drawn, roads=drawn),
        "repeats a layer": tile(parks=drawn) + tile(parks=drawn),
        "counts 2 features of 3": counted((x, y, 1), (far, top, 1)),
        "counts 3 features of 3": counted((x, y, 1), (far, top, 2)),
        "counts 4 features of 3": counted((x, y, 2), (far, top, 1), (5, 5, 1)),
        "draws what it counts": tile(parks=drawn) + counted((x, y, 2), (far, top, 1)),
        "is damaged": tile(parks=drawn)[:-3],
    }


@pytest.mark.parametrize("problem", spoilt_13())
def test_a_spoilt_tile_is_not_published(
    problem: str, roster: Roster, parks: Layer, tmp_path: Path
) -> None:
    tiles = {13: spoilt_13()[problem], 14: LAST}
    made = archive(tmp_path / "parks.pmtiles", {z: t for z, t in tiles.items() if t})
    with pytest.raises(ReleaseUnverified, match=problem):
        verify_archive(roster, parks, made)


def heap(**changed: Any) -> bytes:
    told = {"count": 2, "places": LISTED, **changed}
    return tile(parks=[(*UNITS[1], feature(1))], parks_count=[(*UNITS[0], told)])


def test_a_heap_tells_its_count_and_its_own_places(
    roster: Roster, parks: Layer, tmp_path: Path
) -> None:
    wrong = {
        "tells other counts": heap(count=3),
        "lists others": heap(places=json.dumps([feature(0), feature(1)])),
        "spells name_th": heap(places=json.dumps([feature(0, name_th="สวน"), feature(2)])),
        "loses 2 features": tile(parks=[(*UNITS[1], feature(1))]),
        "loses 1 features": tile(parks_count=[(*UNITS[0], {"count": 2, "places": LISTED})]),
    }
    for problem, last in wrong.items():
        made = archive(tmp_path / "parks.pmtiles", {13: tile(parks=all_drawn()), 14: last})
        with pytest.raises(ReleaseUnverified, match=problem):
            verify_archive(roster, parks, made)


def test_a_point_in_the_margin_of_a_tile_is_lost(parks: Layer, tmp_path: Path) -> None:
    """A viewer draws no point from the margin of a tile, where its neighbour should have it."""
    beyond = roster_at([(-8, 200), *UNITS[1:]])
    drawn = [((-8 + 4096) >> 1, at_13(0)[1], feature(0)), *all_drawn()[1:]]
    margin = tile(parks=[(x, y, feature(n)) for n, (x, y) in enumerate([(-8, 200), *UNITS[1:]])])
    made = archive(tmp_path / "parks.pmtiles", {13: tile(parks=drawn), 14: margin})
    with pytest.raises(ReleaseUnverified, match=r"tile \(14, 12763, 7563\) draws points of other"):
        verify_archive(beyond, parks, made)


def test_a_tile_above_the_budget_is_not_published(parks: Layer, tmp_path: Path) -> None:
    name = random.Random(1).randbytes(500_000).hex()
    one = roster_at([UNITS[0]], [name])
    drawn = {"feature_id": str(uuid.UUID(int=0)), "name_th": name}
    tiles = {13: tile(parks=[(*at_13(0), drawn)]), 14: tile(parks=[(*UNITS[0], drawn)])}
    with pytest.raises(ReleaseUnverified, match="bytes"):
        verify_archive(one, parks, archive(tmp_path / "parks.pmtiles", tiles))


def test_what_no_change_touched_is_the_same_bytes(
    roster: Roster, parks: Layer, tmp_path: Path
) -> None:
    whole = tile(parks=all_drawn())
    before = archive(tmp_path / "before.pmtiles", {13: whole, 14: LAST})
    other = archive(tmp_path / "other.pmtiles", {13: tile(parks=all_drawn()[::-1]), 14: LAST})
    fewer = archive(tmp_path / "fewer.pmtiles", {14: LAST})
    fresh = {zxy_to_tileid(13, AT[0] >> 1, AT[1] >> 1)}
    for made in (other, fewer):
        verify_untouched(made, before, fresh)
        with pytest.raises(ReleaseUnverified, match="not that of the release before"):
            verify_untouched(made, before, set())
    assert verify_archive(roster, parks, before, set()) == verify_archive(roster, parks, before)


def packed_archive(path: Path, tiles: Mapping[int, bytes]) -> Path:
    with Archive(path) as made:
        for number, packed in tiles.items():
            made.add(number, packed)
        return made.finish({"minzoom": 0, "maxzoom": 2}, BANGKOK, 0)


def no_checks(name: str) -> LayerCheck:
    raise AssertionError(f"{name} is counted nowhere")


def test_the_whole_map_is_the_layers_and_nothing_else(tmp_path: Path) -> None:
    one, two = tile(one=all_drawn()), tile(two=all_drawn())
    paths = {
        "one": packed_archive(tmp_path / "one.pmtiles", {7: pack(one), 8: pack(one)}),
        "two": packed_archive(tmp_path / "two.pmtiles", {8: pack(two), 9: pack(two)}),
    }
    tiles = {7: pack(one), 8: pack(one + two), 9: pack(two)}
    verify_whole_map(packed_archive(tmp_path / "map.pmtiles", tiles), paths, no_checks)
    for wrong in (
        {**tiles, 8: pack(two + one)},
        {**tiles, 11: pack(one)},
        {7: pack(one), 8: pack(one + two)},
    ):
        with pytest.raises(ReleaseUnverified):
            verify_whole_map(packed_archive(tmp_path / "map.pmtiles", wrong), paths, no_checks)


def test_where_layers_are_too_large_together_one_is_counted_exactly(
    parks: Layer, tmp_path: Path
) -> None:
    names = [random.Random(n).randbytes(170_000).hex() for n in range(2)]
    (id_0, id_1), shift = (str(uuid.UUID(int=n << 96)) for n in range(2)), 14 - 13
    roster = roster_at([UNITS[0], UNITS[1]], names)
    number = zxy_to_tileid(13, AT[0] >> shift, AT[1] >> shift)
    drawn = [(*at_13(n), {"feature_id": i, "name_th": names[n]}) for n, i in ((0, id_0), (1, id_1))]
    large, other = tile(parks=drawn), tile(other=[(1, 1, {"name_th": names[0] + names[1][::-1]})])
    paths = {
        "parks": packed_archive(tmp_path / "parks.pmtiles", {number: pack(large)}),
        "other": packed_archive(tmp_path / "other.pmtiles", {number: pack(other)}),
    }
    assert max(len(pack(large)), len(pack(other))) < 500_000 < len(pack(large)) + len(pack(other))

    def verify(first: bytes) -> None:
        made = packed_archive(tmp_path / "map.pmtiles", {number: pack(first + other)})
        verify_whole_map(made, paths, lambda name: LayerCheck(roster, parks, "map.pmtiles"))

    verify(counted((*at_13(0), 1), (*at_13(1), 1)))
    with pytest.raises(ReleaseUnverified, match="counts 1 features of 2"):
        verify(counted((*at_13(0), 1)))
    with pytest.raises(ReleaseUnverified, match="bytes"):
        verify(large)


def test_an_archive_holds_equal_tiles_once_in_whatever_order_they_came(tmp_path: Path) -> None:
    tiles = {n: pack(str(n % 7).encode() * 50) for n in range(5, 9000)}
    there = packed_archive(tmp_path / "there.pmtiles", tiles)
    back = packed_archive(tmp_path / "back.pmtiles", dict(reversed(tiles.items())))
    assert there.read_bytes() == back.read_bytes()
    assert dict(Stored(there)) == tiles
    assert there.stat().st_size < sum(map(len, tiles.values())) / 20
    assert list(Stored(packed_archive(tmp_path / "none.pmtiles", {}))) == [0]
    assert Stored(tmp_path / "none.pmtiles")[0] == BLANK
    assert unpack(BLANK) == b""


def test_numbers_of_all_kinds_are_read_from_a_tile() -> None:
    points = [(n, 4095 - n, {"count": 10**n, "name_th": f"ที่ {n}" * n}) for n in range(12)]
    (layer,) = read_layers(tile(one=points), ("name_th", "absent"), ("count",))
    assert layer.numbers["count"].tolist() == [10**n for n in range(12)]
    assert layer.texts["name_th"].to_pylist() == [f"ที่ {n}" * n for n in range(12)]
    assert layer.texts["absent"].null_count == 12
    assert (layer.x.tolist(), layer.y.tolist()) == (
        list(range(12)),
        [4095 - n for n in range(12)],
    )


def test_spots_that_are_not_the_features_own_stop_the_publication() -> None:
    ids = b"".join(uuid.UUID(text).bytes for text in IDS)
    names, sizes = b"", np.full(3, -1, ">i4").tobytes()
    degrees = np.array([[100.5, 13.7, 100.6, 13.8]] * 3, ">f8").tobytes()
    inside = np.array([[52_300_000, 30_966_000]] * 3, ">i4")
    assert len(roster_of("parks", [(ids, names, sizes, degrees)], [(ids, inside.tobytes())])) == 3
    turned = inside.tobytes()[:-8] + np.array([5, 5], ">i4").tobytes()
    with pytest.raises(ReleaseUnverified, match="spots lie elsewhere"):
        roster_of("parks", [(ids, names, sizes, degrees)], [(ids, turned)])
    with pytest.raises(ReleaseUnverified, match="spots are those of other features"):
        roster_of("parks", [(ids, names, sizes, degrees)], [(ids[16:], inside.tobytes()[8:])])
