"""Publication on a real PostGIS: what readers get, what they never get, what a kill leaves."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import geopandas
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from pmtiles.reader import MmapSource, Reader, all_tiles
from sqlalchemy import text

from geo.errors import DatabaseBusy, LeaseLost, ReleaseUnverified
from geo.publish import Release, publish
from geo.store import lease
from geo.store.database import open_engine, transaction
from geo.store.declare import declare
from schemas.catalogue import MapView
from schemas.models import Layer, Privacy
from tests.db.workshop import (
    BORWON,
    Workshop,
    archive_of,
    files_of,
    furnish,
    layer_of,
    open_workshop,
    published,
)


@pytest.fixture
def workshop(database: Callable[..., str], tmp_path: Path) -> Workshop:
    return open_workshop(database(), tmp_path / "releases")


@pytest.fixture
def city(workshop: Workshop) -> Workshop:
    return furnish(workshop)


def test_a_release_is_a_folder_that_says_what_it_holds(city: Workshop) -> None:
    release = city.publish()

    assert release is not None
    assert (release.number, release.folder) == (1, city.releases / "bangkok" / "1")
    assert city.pointer() == 1
    manifest = json.loads((release.folder / "manifest.json").read_text("utf-8"))
    assert manifest == release.manifest
    assert manifest["format"] == 2
    assert (manifest["data_as_of"], manifest["fetched_on"]) == (None, "2026-02-28")
    parks = layer_of(manifest, "parks")
    assert (parks["features"], parks["located"]) == (1, 1)
    assert parks["bounds"] == [100.495, 13.752, 100.495, 13.752]
    assert parks["tiles"] == {
        str(zoom): {"drawn": int(zoom >= 8), "counted": 0, "below_min_zoom": int(zoom < 8)}
        for zoom in range(15)
    }
    assert [column["name"] for column in parks["columns"]][:2] == ["name_th", "name_en"]
    (source,) = [source for source in manifest["sources"] if source["layer"] == "parks"]
    assert (source["rows_in"], source["published"], source["quarantined"]) == (2, 1, 1)
    assert source["agency"]["th"] and source["sha256"] == "ab" * 32
    with transaction(city.engine) as connection:
        stored, at = connection.execute(
            text("select manifest, published_at from meta.release where release = 1")
        ).one()
    assert (stored, at) == (manifest, datetime.fromisoformat(manifest["published_at"]))


def test_every_file_is_in_the_manifest_with_its_fingerprint(city: Workshop) -> None:
    release = published(city)

    described = list(files_of(release.manifest))
    for entry in described:
        content = (release.folder / entry["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        assert len(content) == entry["bytes"]
    on_disk = {
        path.relative_to(release.folder).as_posix()
        for path in release.folder.rglob("*")
        if path.is_file()
    }
    assert on_disk == {entry["path"] for entry in described} | {"manifest.json"}
    for entry in described:
        if entry["path"].startswith("tiles/"):
            assert entry["sha256"][:8] == entry["path"].rsplit("-", 1)[1].removesuffix(".pmtiles")


def test_files_hold_the_same_rows_for_other_readers(city: Workshop) -> None:
    city.put("parks", "2", None, location_precision="district", district_code="1001")
    folder = published(city).folder / "data"

    geojson = json.loads((folder / "parks.geojson").read_text("utf-8"))
    geopackage = geopandas.read_file(folder / "parks.gpkg")
    parquet = geopandas.read_parquet(folder / "parks.parquet")
    cells = rows_of_csv(folder / "parks.csv")

    ids = [feature["properties"]["feature_id"] for feature in geojson["features"]]
    assert all(f["id"] == f["properties"]["feature_id"] for f in geojson["features"])
    assert ids == sorted(ids) and len(ids) == 2
    for others in (geopackage["feature_id"], parquet["feature_id"]):
        assert others.tolist() == ids
    assert [row["feature_id"] for row in cells] == ids
    named = [f for f in geojson["features"] if f["properties"]["name_th"] == "สวนสราญรมย์"]
    assert named[0]["geometry"] == {"type": "Point", "coordinates": [100.495, 13.752]}
    assert named[0]["properties"]["area_m2"] == 36800.5
    assert geopackage.crs.to_epsg() == 4326
    assert parquet.crs.to_string() == "OGC:CRS84"
    assert (folder / "parks.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    polygon = json.loads((folder / "districts.geojson").read_text("utf-8"))["features"][0]
    assert polygon["properties"]["population"] == 40000
    assert shapely.from_geojson(json.dumps(polygon["geometry"])).geoms[0].exterior.is_ccw


def test_text_formats_keep_positions_to_a_centimetre(city: Workshop) -> None:
    """100.3999991 must not become 100.4: nines before the last decimal are no noise."""
    feature = city.put("parks", "nines", "POINT(100.39999906 13.49999993)")
    folder = published(city).folder / "data"

    features = json.loads((folder / "parks.geojson").read_text("utf-8"))["features"]
    (point,) = [f["geometry"]["coordinates"] for f in features if f["id"] == feature]
    assert point == [100.3999991, 13.4999999]
    (row,) = [row for row in rows_of_csv(folder / "parks.csv") if row["feature_id"] == feature]
    assert [float(row["lon"]), float(row["lat"])] == point


def test_a_place_of_one_metre_is_drawn_at_every_zoom(city: Workshop) -> None:
    tiny = "MULTIPOLYGON(((100.5 13.75, 100.50001 13.75, 100.50001 13.75001, 100.5 13.75)))"
    feature = city.put("health_catchments", "tiny", tiny, name_th="เล็กมาก")
    release = published(city)

    for archive in ("health_catchments", "map"):
        for zoom in range(8, 15):
            drawn = drawn_at(archive_of(release, archive), "health_catchments", zoom)
            assert drawn["feature_id"].unique().tolist() == [feature]
            assert (drawn.area > 0).all()
    centre = drawn_at(archive_of(release, "map"), "health_catchments", 14).to_crs(4326)
    assert centre.geometry.iloc[0].distance(shapely.Point(100.5, 13.75)) < 0.0001


def test_a_short_line_is_drawn_at_every_zoom(workshop: Workshop) -> None:
    catchments = workshop.view.layer("health_catchments")
    canals = Layer.model_validate({**catchments.model_dump(), "id": "canals", "geometry": "line"})
    model = workshop.view.sources[0]
    source = model.model_copy(update={"id": "canals", "layer": "canals"})
    view = replace(
        workshop.view,
        layers=(*workshop.view.layers, canals),
        sources=(*workshop.view.sources, source),
    )
    declare(workshop.engine, view)
    workshop.view = view
    feature = workshop.put("canals", "1", "MULTILINESTRING((100.5 13.75, 100.50001 13.75))")

    release = published(workshop)

    drawn = drawn_at(archive_of(release, "map"), "canals", 8)
    assert drawn["feature_id"].tolist() == [feature]
    assert (drawn.length > 0).all()


def test_a_point_beside_an_edge_is_inside_one_tile_and_in_no_other(
    city: Workshop, tmp_path: Path
) -> None:
    """Viewers skip a point at 4096 of 4096: none may be rounded to there."""
    side = 360 / 2**14
    edge = -180 + 12763 * side
    feature = city.put("parks", "edge", f"POINT({edge - side / 4096 / 4:.12f} 13.7525)")
    release = published(city)

    inside = []
    for (zoom, _, _), tile in tiles_of(archive_of(release, "parks")):
        if zoom == 14:
            path = tmp_path / "one.pbf"
            path.write_bytes(tile)
            points = geopandas.read_file(path, layer="parks")
            here = points[points["feature_id"] == feature].geometry
            inside += [x for x in here.x if 0 <= x < 4096]
    assert inside == [4095]


def test_places_without_a_position_get_no_point_anywhere(city: Workshop) -> None:
    near = city.put(
        "housing_communities",
        "1",
        None,
        name_th="ชุมชนท่าเตียน",
        location_precision="subdistrict",
        district_code="1001",
        subdistrict_code="100101",
    )
    far = city.put("parks", "2", None, location_precision="district", district_code="1001")
    release = published(city)

    held = json.loads((release.folder / "unplaced.json").read_text("utf-8"))
    assert {place["feature_id"]: place["area"] for place in held["places"]} == {
        near: "100101",
        far: "1001",
    }
    areas = {area["code"]: area for area in held["areas"]}
    assert areas["1001"]["counts"] == {"parks": 1}
    assert areas["1001"]["name_th"] == "พระนคร"
    assert areas["100101"]["counts"] == {"housing_communities": 1}
    around = {code[:4] for code, area in areas.items() if area["level"] == "subdistrict"}
    assert around <= set(areas), "a district has an anchor for what its subdistricts hold"
    assert areas["100101"]["level"] == "subdistrict"
    assert shapely.from_wkt(BORWON).contains(shapely.Point(areas["100101"]["label"]))

    communities = layer_of(release.manifest, "housing_communities")
    assert (communities["located"], communities["at_area"]) == (
        0,
        {"subdistrict": 1, "district": 0},
    )
    folder = release.folder / "data"
    (feature,) = json.loads((folder / "housing_communities.geojson").read_text("utf-8"))["features"]
    assert feature["geometry"] is None
    (row,) = rows_of_csv(folder / "housing_communities.csv")
    assert (row["lon"], row["lat"]) == ("", "")
    assert pq.read_table(folder / "housing_communities.parquet")["geom"].null_count == 1
    for _, tile in tiles_of(archive_of(release, "map")):
        assert near.encode() not in tile
        assert far.encode() not in tile
    assert not list(tiles_of(archive_of(release, "housing_communities")))


def test_what_is_not_public_is_in_no_byte(city: Workshop) -> None:
    city.put(
        "housing_communities",
        "CANARY-KEY",
        "POINT(100.49 13.75)",
        name_th="ชุมชน",
        contact_name="CANARY-PERSONAL",
        survey_note="CANARY-INTERNAL",
        claimed_district_code="CANARY-CLAIM",
    )
    release = published(city)

    secrets = (b"CANARY", b"contact_name", b"survey_note", b"source_key", b"claimed")
    for path in release.folder.rglob("*"):
        if path.is_file():
            for content in readable_bytes(path):
                assert not [secret for secret in secrets if secret in content], path


def test_a_column_that_becomes_personal_leaves_at_once(city: Workshop) -> None:
    """The declarations given to the publication count, even before the database follows them."""
    parks = city.view.layer("parks")
    hidden = parks.columns["area_m2"].model_copy(update={"privacy": Privacy.personal})
    changed = parks.model_copy(update={"columns": {**parks.columns, "area_m2": hidden}})
    layers = [changed if layer.id == "parks" else layer for layer in city.view.layers]
    release = city.publish(layers=layers)

    assert release is not None
    assert "area_m2" not in rows_of_csv(release.folder / "data" / "parks.csv")[0]
    for path in release.folder.rglob("parks*"):
        assert not [1 for content in readable_bytes(path) if b"area_m2" in content], path


def test_a_column_that_the_database_does_not_hold_public_stops_the_publication(
    city: Workshop,
) -> None:
    city.execute(
        "update meta.layer_column set privacy = 'internal' where column_name = 'park_type'"
    )
    with pytest.raises(ReleaseUnverified, match="park_type"):
        city.publish()
    assert city.pointer() == 0


def test_csv_cells_are_never_formulas(city: Workshop) -> None:
    wicked = {
        f"key {number}": beginning + "cmd|' /C calc'!A0"
        for number, beginning in enumerate(("=", "+", "-", "@", "\t", "\r"))
    }
    for key, name in wicked.items():
        city.put("parks", key, "POINT(100.49 13.75)", name_th=name, area_m2=-5.5)
    release = published(city)

    rows = rows_of_csv(release.folder / "data" / "parks.csv")
    names = {row["name_th"] for row in rows}
    assert names == {f"'{name}" for name in wicked.values()} | {"สวนสราญรมย์"}
    assert {float(row["area_m2"]) for row in rows} == {-5.5, 36800.5}
    geojson = json.loads((release.folder / "data" / "parks.geojson").read_text("utf-8"))
    exact = {feature["properties"]["name_th"] for feature in geojson["features"]}
    assert set(wicked.values()) <= exact


def test_a_release_of_an_older_format_is_published_anew_once(city: Workshop) -> None:
    published(city)
    city.execute("update meta.release set manifest = manifest - 'format'")
    assert published(city).number == 2
    assert city.publish() is None


def test_nothing_changed_publishes_nothing(city: Workshop) -> None:
    published(city)
    assert city.publish() is None
    assert [path.name for path in (city.releases / "bangkok").iterdir()] == ["1"]
    assert city.pointer() == 1


def test_the_next_release_has_what_began_and_not_what_ended(city: Workshop) -> None:
    first = published(city)
    city.put("parks", "2", "POINT(100.49 13.75)", name_th="สวนใหม่")
    city.execute("update core.parks set release_to = 2 where source_key = '1'")
    city.execute("update meta.run set rows_published = 1, rows_in = 2 where layer_id = 'parks'")
    second = published(city)

    assert second.number == 2
    assert [row["name_th"] for row in rows_of_csv(second.folder / "data" / "parks.csv")] == [
        "สวนใหม่"
    ]
    assert [row["name_th"] for row in rows_of_csv(first.folder / "data" / "parks.csv")] == [
        "สวนสราญรมย์"
    ]
    # What did not change keeps its name and bytes, for caches.
    assert archive_of(first, "districts").name == archive_of(second, "districts").name


def test_rows_that_no_run_accounts_for_are_not_published(city: Workshop) -> None:
    city.execute("update meta.run set rows_published = 2, rows_in = 3 where layer_id = 'parks'")
    with pytest.raises(ReleaseUnverified, match="1 rows are on the map, and its run had 2"):
        city.publish()
    assert city.pointer() == 0


def test_a_release_is_published_when_the_pointer_moves(city: Workshop) -> None:
    told: list[datetime] = []
    release = published(city, progress=lambda _: told.append(datetime.now(UTC)))
    assert datetime.fromisoformat(release.manifest["published_at"]) > told[-1]


def test_a_clock_that_was_set_back_does_not_turn_history_round(city: Workshop) -> None:
    published(city)
    city.execute("update meta.release set published_at = now() + interval '1 hour'")
    city.put("parks", "2", "POINT(100.49 13.75)", name_th="สวนใหม่")
    second = published(city)

    with transaction(city.engine) as connection:
        times = connection.scalars(text("select published_at from meta.release order by release"))
        first_at, second_at = times.all()
        now = connection.scalar(text("select count(*) from onemap.parks_as_of(now())"))
    assert second_at > first_at
    assert second_at == datetime.fromisoformat(second.manifest["published_at"])
    assert now == 2, "what is current is what the map shows now"


def test_what_is_no_longer_declared_ends_with_the_publication_alone(city: Workshop) -> None:
    published(city)
    whole, sources = city.view, city.view.sources
    fewer = replace(whole, sources=tuple(s for s in sources if s.layer != "parks"))
    declare(city.engine, fewer)
    fail_publications(city)
    with pytest.raises(Exception, match="killed"):
        city.publish(sources=fewer.sources)
    let_publications_pass(city)
    declare(city.engine, whole)
    published(city, area=whole.area.model_copy(update={"title": whole.map.title}))
    assert count(city, "onemap.parks") == 1, "it is declared again, and never left"

    declare(city.engine, fewer)
    release = published(city, sources=fewer.sources)
    assert count(city, "onemap.parks") == 0
    assert [source["layer"] for source in release.manifest["sources"]].count("parks") == 0
    assert layer_of(release.manifest, "parks")["features"] == 0


def test_a_map_that_is_declared_anew_meanwhile_is_not_published(city: Workshop) -> None:
    other = replace(city.view, map=city.view.map.model_copy(update={"title": city.view.area.title}))

    def redeclare(words: str) -> None:
        if words.endswith("move the pointer"):
            declare(city.engine, other)

    with pytest.raises(DatabaseBusy, match="declared anew"):
        city.publish(progress=redeclare)
    assert city.pointer() == 0


def test_the_same_data_gives_the_same_bytes(city: Workshop) -> None:
    city.put("housing_communities", "1", "POINT(100.49 13.75)", name_th="ชุมชน", population=12)
    first = fingerprints(published(city))
    city.execute("update meta.pointer set release = 0")
    city.execute("delete from meta.release")
    second = fingerprints(published(city))
    assert first == second


def test_a_failure_between_rename_and_pointer_is_mended_by_the_next_publication(
    city: Workshop,
) -> None:
    fail_publications(city)
    with pytest.raises(Exception, match="killed"):
        city.publish()
    home = city.releases / "bangkok"
    assert city.pointer() == 0  # readers stay where they were
    assert [path.name for path in home.iterdir()] == ["1"]
    (home / "1" / "left-over").write_text("of the killed one")

    let_publications_pass(city)
    release = published(city)
    assert release.number == city.pointer() == 1
    assert not (home / "1" / "left-over").exists()
    assert [path.name for path in home.iterdir()] == ["1"]


def test_a_release_is_on_the_disk_before_the_database_says_so(
    city: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk: set[int] = set()
    fsync = os.fsync

    def listening(descriptor: int) -> None:
        on_disk.add(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", listening)
    fail_publications(city)
    with pytest.raises(Exception, match="killed"):
        city.publish()
    home = city.releases / "bangkok"
    assert (home / "1" / "manifest.json").exists()
    assert {path.stat().st_ino for path in (home, *home.rglob("*"))} <= on_disk


def test_a_process_killed_before_the_commit_has_not_published(city: Workshop) -> None:
    city.execute("""
        create function public.wait() returns trigger language plpgsql as
        $$ begin perform pg_sleep(2); return new; end $$;
        create trigger wait before insert on meta.release
        for each row execute function public.wait()
    """)
    view = replace(city.view, agencies=dict(city.view.agencies))  # a proxy has no pickle
    url = city.engine.url.render_as_string(hide_password=False)
    child = get_context("spawn").Process(
        target=publish_in_a_process, args=(url, view, city.releases)
    )
    child.start()
    renamed = city.releases / "bangkok" / "1"
    while child.is_alive() and not renamed.exists():
        time.sleep(0.02)
    child.kill()
    child.join()

    city.execute("drop trigger wait on meta.release")
    assert child.exitcode == -signal.SIGKILL
    assert renamed.exists()
    assert city.pointer() == 0
    assert published(city).number == city.pointer() == 1


def publish_in_a_process(url: str, view: MapView, releases: Path) -> None:
    engine = open_engine(url)
    with lease.hold(engine, [layer.id for layer in view.layers]) as token:
        publish(engine, token, view, releases_folder=releases)


def test_a_half_built_release_is_removed(city: Workshop) -> None:
    half = city.releases / "bangkok" / ".building-1"
    (half / "tiles").mkdir(parents=True)
    (half / "tiles" / "map.pmtiles").write_bytes(b"half")

    release = published(city)

    assert not half.exists()
    assert (release.folder / "manifest.json").exists()


def test_an_interruption_leaves_the_last_release_and_nothing_beside_it(city: Workshop) -> None:
    def interrupt(words: str) -> None:
        if words.startswith("tiles of parks"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        city.publish(progress=interrupt)
    assert city.pointer() == 0
    assert list((city.releases / "bangkok").iterdir()) == []
    assert published(city).number == 1  # the leases were given back


def test_a_publication_that_lost_its_leases_publishes_nothing(city: Workshop) -> None:
    def take_over(words: str) -> None:
        if words.startswith("verify"):
            city.execute("update meta.lease set token = gen_random_uuid()")

    with pytest.raises(LeaseLost):
        city.publish(progress=take_over)
    assert city.pointer() == 0
    assert list((city.releases / "bangkok").iterdir()) == []


def test_a_layer_without_features_has_its_files(city: Workshop) -> None:
    release = published(city)

    catchments = layer_of(release.manifest, "health_catchments")
    assert (catchments["features"], catchments["bounds"]) == (0, None)
    folder = release.folder / "data"
    assert json.loads((folder / "health_catchments.geojson").read_text())["features"] == []
    assert rows_of_csv(folder / "health_catchments.csv") == []
    assert pq.read_table(folder / "health_catchments.parquet").num_rows == 0
    assert len(pyogrio.read_dataframe(folder / "health_catchments.gpkg")) == 0


def fail_publications(workshop: Workshop) -> None:
    """From now on, no release can be written."""
    workshop.execute("""
        create function public.fail() returns trigger language plpgsql as
        $$ begin raise exception 'killed'; end $$;
        create trigger fail before insert on meta.release
        for each row execute function public.fail()
    """)


def let_publications_pass(workshop: Workshop) -> None:
    workshop.execute("drop trigger fail on meta.release")


def count(workshop: Workshop, view: str) -> int:
    with transaction(workshop.engine) as connection:
        return int(connection.scalar(text(f"select count(*) from {view}")) or 0)


def drawn_at(archive: Path, layer: str, zoom: int) -> geopandas.GeoDataFrame:
    return pyogrio.read_dataframe(archive, layer=layer, ZOOM_LEVEL=zoom)


def tiles_of(archive: Path) -> Iterator[tuple[tuple[int, int, int], bytes]]:
    """Unpacked tiles that draw something."""
    with archive.open("rb") as file:
        for at, packed in all_tiles(MmapSource(file)):
            if tile := gzip.decompress(packed):
                yield at, tile


def rows_of_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def readable_bytes(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and what lies compressed in it."""
    yield path.read_bytes()
    if path.suffix == ".pmtiles":
        yield from (tile for _, tile in tiles_of(path))
        with path.open("rb") as file:
            yield json.dumps(Reader(MmapSource(file)).metadata()).encode()
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        yield str(table.schema).encode() + str(table.to_pylist()).encode()


def fingerprints(release: Release) -> dict[str, str]:
    return {entry["path"]: entry["sha256"] for entry in files_of(release.manifest)}
