"""Tiles by cached directories are those that the format's own reader finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pmtiles.reader import MmapSource, Reader, all_tiles
from pmtiles.tile import (
    Compression,
    Entry,
    TileType,
    deserialize_directory,
    serialize_directory,
    tileid_to_zxy,
)
from pmtiles.writer import Writer

from tests.timing import cpu_seconds
from tests.web.conftest import City
from web import archive
from web.archive import Archive, directory


@st.composite
def entries(draw: st.DrawFn) -> list[Entry]:
    """Entries as a writer makes them: numbers rise, and most lie right behind the one before."""
    made, number, end = [], 0, 0
    for _ in range(draw(st.integers(1, 40))):
        number += draw(st.integers(0 if not made else 1, 2**40))
        length = draw(st.integers(1, 2**31))
        offset = draw(st.one_of(st.just(end), st.integers(0, 2**45)))
        run = draw(st.integers(0, 300))
        made.append(Entry(number, offset, length, run))
        number, end = number + max(0, run - 1), offset + length
    return made


@given(entries())
def test_a_directory_is_read_as_the_formats_own_reader_reads_it(written: list[Entry]) -> None:
    import gzip

    packed = serialize_directory(written)
    found = directory(gzip.decompress(packed))
    wanted = [(e.tile_id, e.run_length, e.length, e.offset) for e in deserialize_directory(packed)]
    assert list(zip(*(column.tolist() for column in found), strict=True)) == wanted


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30,000 tiles in several directories, with gaps, and neighbours that are alike."""
    path = tmp_path_factory.mktemp("archive") / "large.pmtiles"
    with path.open("wb") as file:
        writer = Writer(file)
        for number in range(0, 60_000, 2):
            kept = number // 10 if number % 6 else number
            writer.write_tile(100_000 + number, f"tile {kept}".encode())
            if number % 10 == 0:
                writer.write_tile(100_001 + number, f"tile {kept}".encode())
        writer.finalize(
            {
                "tile_type": TileType.MVT,
                "tile_compression": Compression.NONE,
                "min_zoom": 0,
                "max_zoom": 14,
            },
            {},
        )
    return path


def places(path: Path) -> Iterator[tuple[tuple[int, int, int], bytes | None]]:
    """Each tile, and its neighbour, as the format's own reader answers it."""
    with path.open("rb") as file:
        source = MmapSource(file)
        known = dict(all_tiles(source))
    yield from known.items()
    for number in range(99_990, 160_010, 7):
        place = tileid_to_zxy(number)
        yield place, known.get(place)


def test_every_tile_is_found_and_none_that_is_not_there(large: Path) -> None:
    tiles = Archive(large)
    assert tiles.header["leaf_directory_length"] > 0
    assert {place for place, wanted in places(large) if tiles.tile(*place) != wanted} == set()


def test_the_tiles_of_a_release_are_found_alike(city: City) -> None:
    path = city.folder / city.manifest["files"]["pmtiles"]["path"]
    tiles = Archive(path)
    assert {place for place, wanted in places(path) if tiles.tile(*place) != wanted} == set()


def test_a_tile_costs_a_look_up_and_no_reading_of_directories(large: Path) -> None:
    tiles = Archive(large)
    asked = [tileid_to_zxy(number) for number in range(100_000, 160_000, 600)]
    with large.open("rb") as file:
        reader = Reader(MmapSource(file))
        plain = cpu_seconds(lambda: [reader.get(*place) for place in asked])
    cached = cpu_seconds(lambda: [tiles.tile(*place) for place in asked])
    assert cached < plain / 20


def test_what_is_kept_of_a_directory_is_bounded(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "KEPT_DIRECTORIES", 2)
    tiles = Archive(large)
    for number in range(100_000, 160_000, 600):
        tiles.tile(*tileid_to_zxy(number))
    assert tiles._directory.cache_info().currsize == 2
