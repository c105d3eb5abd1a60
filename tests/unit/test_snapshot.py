"""Bytes are stored once, exactly, under their hash."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import BinaryIO

import pytest

from geo.errors import ConfigurationError, DropsMissing
from geo.fetching.http import Fetched, FetchLimits, TooLarge
from geo.snapshot import reopen, snapshot
from geo.states import Refusal, Snapshot
from schemas.catalogue import load_catalogue
from schemas.models import Source

PARKS = load_catalogue().sources["bangkok_parks"]


def source(location: str, format_: str = "csv") -> Source:
    return PARKS.model_copy(update={"location": location, "format": format_})


def taken(location: str, drops: Path, store: Path, format_: str = "csv") -> Snapshot:
    found = snapshot(source(location, format_), drops, store)
    assert isinstance(found, Snapshot)
    return found


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    drops = tmp_path / "drops"
    drops.mkdir()
    return drops, tmp_path / "store"


def test_bytes_are_kept_as_they_came(folders: tuple[Path, Path]) -> None:
    drops, store = folders
    body = b"\xef\xbb\xbfid,name\r\n1,\xa1\xa2\r\n"
    (drops / "parks.csv").write_bytes(body)
    first = taken("parks.csv", drops, store)
    assert first.sha256 == hashlib.sha256(body).hexdigest()
    assert first.files[0].path.read_bytes() == body
    again = taken("parks.csv", drops, store)
    assert again == first, "the same bytes are the same snapshot, with its first date"
    blobs = [path for path in (store / "blobs").rglob("*") if path.is_file()]
    assert len(blobs) == 1
    assert not list((store / "incoming").iterdir())
    assert reopen(PARKS.id, first.sha256, store) == first


def test_a_bare_shapefile_comes_with_its_parts(folders: tuple[Path, Path]) -> None:
    drops, store = folders
    for name in ("a.shp", "a.SHX", "A.dbf", "a.prj", "b.shp", "a.txt"):
        (drops / name).write_bytes(name.encode())
    found = taken("a.shp", drops, store, "shapefile")
    assert [file.name for file in found.files] == ["A.dbf", "a.SHX", "a.prj", "a.shp"]
    (drops / "A.dbf").write_bytes(b"other")
    assert taken("a.shp", drops, store, "shapefile").sha256 != found.sha256


def test_of_a_pattern_the_newest_is_taken(folders: tuple[Path, Path]) -> None:
    drops, store = folders
    for age, name in ((1000, "parks-2.csv"), (2000, "parks-1.csv")):
        (drops / name).write_text(name)
        os.utime(drops / name, (age, age))
    assert taken("parks-*.csv", drops, store).files[0].name == "parks-1.csv"


def test_nothing_there_is_said(folders: tuple[Path, Path]) -> None:
    found = snapshot(source("parks.csv"), *folders)
    assert isinstance(found, Refusal)
    assert found.code == "nothing_came"
    with pytest.raises(DropsMissing):
        snapshot(source("parks.csv"), folders[0] / "none", folders[1])


def test_locations_stay_below_the_drops_folder(folders: tuple[Path, Path]) -> None:
    drops, store = folders
    (drops.parent / "secret.csv").write_text("x")
    (drops / "link.csv").symlink_to(drops.parent / "secret.csv")
    for location in ("../secret.csv", str(drops.parent / "secret.csv")):
        with pytest.raises(ConfigurationError, match="below the drops folder"):
            snapshot(source(location), drops, store)
    assert isinstance(snapshot(source("link.csv"), drops, store), Refusal)


def test_parts_of_a_delivery_stay_below_the_drops_folder(folders: tuple[Path, Path]) -> None:
    drops, store = folders
    (drops.parent / "secret.dbf").write_text("x")
    (drops / "folder").mkdir()
    for place in (drops, drops / "folder"):
        (place / "a.shp").write_text("shp")
        (place / "a.dbf").symlink_to(drops.parent / "secret.dbf")
    for location in ("a.shp", "folder"):
        found = taken(location, drops, store, "shapefile")
        assert [file.name for file in found.files] == ["a.shp"]


def test_a_pipe_is_no_delivery(folders: tuple[Path, Path]) -> None:
    drops, store = folders
    os.mkfifo(drops / "parks.csv")
    found = snapshot(source("parks.csv"), drops, store)
    assert isinstance(found, Refusal) and found.code == "nothing_came"
    (drops / "folder").mkdir()
    os.mkfifo(drops / "folder" / "pipe")
    (drops / "folder" / "parks.csv").write_text("id")
    assert [file.name for file in taken("folder", drops, store).files] == ["parks.csv"]


def test_a_file_that_may_not_be_read_is_refused(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    drops, store = folders
    (drops / "parks.csv").write_text("id")

    def denied(path: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", denied)  # root may read what others may not
    found = snapshot(source("parks.csv"), drops, store)
    assert isinstance(found, Refusal) and found.code == "file_unreadable"
    assert "parks.csv" in found.message.en and "อ่าน" in found.message.th
    assert not list((store / "incoming").iterdir())


def test_the_version_of_a_download_is_kept(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import geo.snapshot

    def fetch(url: str, target: BinaryIO, _: FetchLimits) -> Fetched:
        target.write(b"id\n1\n")
        return Fetched(url, '"v1"', "Mon, 01 Jan 2024 00:00:00 GMT")

    monkeypatch.setattr(geo.snapshot, "fetch", fetch)
    url = "https://data.example/parks.csv"
    found = taken(url, *folders)
    assert found.files[0].path.read_bytes() == b"id\n1\n"
    manifest = json.loads(
        (folders[1] / "manifests" / PARKS.id / f"{found.sha256}.json").read_text()
    )
    assert manifest["fetched"] == {
        "url": url,
        "etag": '"v1"',
        "last_modified": "Mon, 01 Jan 2024 00:00:00 GMT",
    }


def test_a_delivery_that_is_too_large_is_refused_before_it_is_copied(
    folders: tuple[Path, Path],
) -> None:
    drops, store = folders
    with (drops / "parks.csv").open("wb") as file:
        file.truncate(50 * 10**9)  # a hole: nobody has this much room
    found = snapshot(source("parks.csv"), drops, store)
    assert isinstance(found, Refusal) and found.code == "delivery_too_large"
    for text in (found.message.th, found.message.en):
        assert (
            "50,000,000,000" in text and "ONEMAP_MAX_DELIVERY" in text and "2,000,000,000" in text
        )
    assert not (store / "incoming").exists()


def test_the_parts_of_a_delivery_are_counted_together(folders: tuple[Path, Path]) -> None:
    drops, store = folders
    for name in ("a.shp", "a.shx", "a.dbf"):
        (drops / name).write_bytes(b"x" * 40)
    shapefile = source("a.shp", "shapefile")
    for most, fits in ((120, True), (119, False)):
        found = snapshot(shapefile, drops, store, FetchLimits(most_bytes=most))
        assert isinstance(found, Snapshot) is fits


def test_a_file_that_grows_while_it_is_copied_is_counted(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import geo.snapshot

    drops, store = folders
    (drops / "parks.csv").write_bytes(b"x")
    monkeypatch.setattr(geo.snapshot, "_chunks", lambda _: iter([b"x" * 60] * 1000))
    found = snapshot(source("parks.csv"), drops, store, FetchLimits(most_bytes=100))
    assert isinstance(found, Refusal) and found.code == "delivery_too_large"
    assert not list((store / "incoming").iterdir())


def test_a_download_that_is_too_large_is_refused(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import geo.snapshot

    def fetch(url: str, target: BinaryIO, limits: FetchLimits) -> Fetched:
        target.write(b"x")
        raise TooLarge(limits.most_bytes + 1)

    monkeypatch.setattr(geo.snapshot, "fetch", fetch)
    found = snapshot(source("https://data.example/parks.csv"), *folders)
    assert isinstance(found, Refusal) and found.code == "delivery_too_large"
    assert not list((folders[1] / "incoming").iterdir())


def test_a_file_name_that_is_no_text_is_kept_in_letters(folders: tuple[Path, Path]) -> None:
    """A name of Thai Windows, in CP874, as an old server hands it on."""
    drops, store = folders
    (drops / os.fsdecode("ก.csv".encode("cp874"))).write_text("id")
    found = taken("*.csv", drops, store)
    assert found.files[0].name == "\\xa1.csv"
    assert reopen(PARKS.id, found.sha256, store) == found
