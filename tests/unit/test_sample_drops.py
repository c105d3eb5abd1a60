"""The generator of the embedded sample: the same bytes each time, and the messes really in them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
import zipfile
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyproj
import pytest

from geo.declared_crs import identify
from samples import city, datum, ensure_drops, generate
from samples.truth import FOLDER, Truth
from schemas.catalog import load_catalog

FEWEST = 2000


@pytest.fixture(scope="module")
def drops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drops")
    generate(folder, places=FEWEST)
    return folder


@pytest.fixture(scope="module")
def truth(drops: Path) -> Truth:
    return Truth.read(drops)


@pytest.fixture(scope="module")
def grown() -> city.City:
    return city.grow(np.random.default_rng(1))


@pytest.fixture
def quick(grown: city.City, monkeypatch: pytest.MonkeyPatch) -> None:
    """One city for all drops of a test: growing it is most of the work."""
    monkeypatch.setattr(city, "grow", lambda _: grown)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path, metadata_encoding="cp874") as archive:
        return {Path(name).suffix: archive.read(name) for name in archive.namelist()}


def test_the_same_arguments_give_the_same_bytes(
    drops: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Bangkok")
    generate(tmp_path / "again", places=FEWEST)
    assert digests(tmp_path / "again") == digests(drops)


@pytest.mark.usefixtures("quick")
def test_drops_are_made_once_and_replaced_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    assert ensure_drops(folder, places=FEWEST) == folder
    first = (folder / FOLDER / "truth.json").stat().st_mtime_ns
    ensure_drops(folder, places=FEWEST)
    assert (folder / FOLDER / "truth.json").stat().st_mtime_ns == first
    (folder / "left.txt").write_text("an older version's file")
    summary = json.loads((folder / FOLDER / "truth.json").read_text("utf-8"))
    (folder / FOLDER / "truth.json").write_text(json.dumps(summary | {"version": "older"}))
    ensure_drops(folder, places=FEWEST)
    assert not (folder / "left.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["sample"]


def test_every_source_of_the_map_has_its_drop_and_its_truth(drops: Path, truth: Truth) -> None:
    sources = load_catalog().map_view("sample").sources
    assert {source.id for source in sources} == set(truth.messes)
    for source in sources:
        assert (drops / source.location).is_file(), source.location
        assert not source.location.startswith(FOLDER)


def test_faults_of_every_kind_are_planted(truth: Truth) -> None:
    known = {code.code: code.severity.value for code in load_catalog().issue_codes.values()}
    planted = set(pc.unique(truth.issues["code"]).to_pylist())
    # bytes of no encoding end as unreadable rows; no layer of this map has a `present` rule
    assert set(known) - planted == {"encoding_unreadable", "value_absent"}
    assert planted <= set(known)


def test_quarantined_rows_stay_below_the_gates(truth: Truth) -> None:
    view = load_catalog().map_view("sample")
    for source in view.sources:
        rows = truth.of(source.id).rows
        bad = pc.sum(pc.equal(rows["fate"], "quarantined")).as_py()
        assert bad <= view.layer(source.layer).gate.max_error_share * rows.num_rows, source.id


def test_catchments_are_cp874_and_say_oem_874(drops: Path) -> None:
    parts = members(drops / "health" / "health_area.zip")
    assert parts[".cpg"] == b"OEM 874"
    assert "ศูนย์บริการสาธารณสุข".encode("cp874") in parts[".dbf"]
    assert parts[".dbf"][29] == 0
    raw = (drops / "health" / "health_area.zip").read_bytes()
    assert "พื้นที่รับผิดชอบ.shp".encode("cp874") in raw


def test_long_names_are_cut_in_mid_character(drops: Path) -> None:
    dbf = (drops / "planning" / "subdistricts" / "KHWAENG.dbf").read_bytes()
    assert b"104701" in dbf and b"104702" not in dbf
    cut = "ทรายกองดินใต้".encode()[:35]
    assert cut in dbf and "ทรายกองดินใต้".encode() not in dbf
    with pytest.raises(UnicodeDecodeError):
        cut.decode()


def test_parks_are_in_indian_1975(drops: Path, truth: Truth) -> None:
    parts = members(drops / "environment" / "parks_indian1975.zip")
    assert identify(parts[".prj"].decode()) == "EPSG:24047"
    east, north = struct.unpack("<2d", parts[".shp"][112:128])
    first = truth.of("sample_parks").rows.slice(0, 1).to_pylist()[0]
    relabelled = pyproj.Transformer.from_crs(32647, 4326, always_xy=True).transform(east, north)
    _, _, metres = pyproj.Geod(ellps="WGS84").inv(first["lon"], first["lat"], *relabelled)
    assert 440 < metres < 460  # read as WGS 84 it is off by 333 m east and 303 m south


def test_the_datum_shift_agrees_with_a_published_control_point() -> None:
    # Grand Palace area: 24047 (662699, 1520978), by the Royal Thai Survey Department's parameters
    found = datum.indian_1975_utm_47n(np.array([100.50179709]), np.array([13.75630202]))
    assert np.abs(found - [[662699, 1520978]]).max() < 0.005


def test_csv_messes_are_in_the_bytes(drops: Path) -> None:
    fields = (drops / "sports" / "sports_fields.csv").read_bytes()
    assert fields.startswith(b"\xef\xbb\xbf") and b"\r\n" in fields
    communities = (drops / "social" / "communities.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        communities.decode()
    assert "ชุมชนแออัด".encode("cp874") in communities


def test_the_geopackage_has_a_second_table_and_a_fixed_date(drops: Path) -> None:
    with sqlite3.connect(drops / "sports" / "open_grounds.gpkg") as package:
        rows = package.execute("select table_name, last_change from gpkg_contents").fetchall()
    assert dict(rows).keys() == {"open_grounds", "survey_marks"}
    assert {changed[:10] for _, changed in rows} == {"2026-01-05"}


def test_all_true_places_lie_in_bangkok(truth: Truth) -> None:
    rows = truth.rows.filter(pc.is_valid(truth.rows["lon"]))
    west, south, east, north = load_catalog().map_view("sample").area.extent
    assert pc.min(rows["lon"]).as_py() > west and pc.max(rows["lon"]).as_py() < east
    assert pc.min(rows["lat"]).as_py() > south and pc.max(rows["lat"]).as_py() < north
    assert rows["district_code"].null_count == rows["subdistrict_code"].null_count == 0


@pytest.mark.usefixtures("quick")
def test_the_scale_changes_how_many_and_not_which_messes(truth: Truth, tmp_path: Path) -> None:
    larger = generate(tmp_path, places=2 * FEWEST)
    assert larger.rows.num_rows > 1.7 * truth.rows.num_rows
    for source, messes in truth.messes.items():
        assert larger.messes[source].keys() == messes.keys()
