"""The drops of the sample: the same bytes each time, every kind of mess, and what is true of it."""

import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow.compute as pc
import pyogrio
import pytest
import shapely

import samples
from samples import datum, generator, kept, spellings
from samples.truth import ISSUES, ROWS, VALUES, Truth
from schemas.catalogue import load_catalogue

PLACES = 2000
FATES = {"exact", "subdistrict", "district", "quarantined", "filtered"}
NOT_PLANTED = {
    "value_absent",  # no layer has a rule of this kind
    "claims_disagree",  # no source of places sends both codes
    # damage, which has tests of its own: the sample is what agencies mean to send
    *("geometry_curved", "quote_unclosed", "records_in_quotes", "text_after_quote"),
}


@pytest.fixture(scope="module")
def drops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "drops"
    samples.generate(folder, places=PLACES)
    return folder


@pytest.fixture(scope="module")
def truth(drops: Path) -> Truth:
    return Truth.read(drops)


def _hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _zipped(path: Path) -> dict[str, bytes]:
    """Members by suffix."""
    with zipfile.ZipFile(path) as archive:
        return {Path(name).suffix: archive.read(name) for name in archive.namelist()}


def _csv(path: Path, encoding: str) -> list[list[str]]:
    text = path.read_bytes().decode(encoding, "replace")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_the_same_bytes_each_time(drops: Path, tmp_path: Path) -> None:
    generator.grown_city.cache_clear()
    samples.generate(tmp_path / "again", places=PLACES)
    assert _hashes(tmp_path / "again") == _hashes(drops)


def test_drops_are_made_once_and_anew_when_asked_for_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[int, int]] = []

    def write(folder: Path, places: int, seed: int) -> None:
        made.append((places, seed))
        (folder / "truth").mkdir(parents=True)
        said = {"version": kept.version(), "seed": seed, "places": places}
        (folder / "truth" / "truth.json").write_text(json.dumps(said), "utf-8")

    monkeypatch.setattr(generator, "write_drops", write)
    folder = tmp_path / "drops" / "sample"
    assert samples.ensure_drops(folder) == folder
    (folder / "left over.csv").touch()
    samples.ensure_drops(folder)
    assert made == [(samples.PLACES, samples.SEED)]
    samples.ensure_drops(folder, places=5000)
    assert made[-1] == (5000, samples.SEED)
    assert not (folder / "left over.csv").exists()
    monkeypatch.setattr(kept, "version", lambda: "another")
    samples.ensure_drops(folder, places=5000)
    assert len(made) == 3
    assert [path.name for path in folder.parent.iterdir()] == ["sample"]


def test_every_source_of_the_map_has_its_file_and_its_truth(drops: Path, truth: Truth) -> None:
    catalogue = load_catalogue()
    view = catalogue.map_view("sample")
    assert view.map.sample and view.map.notice is not None
    assert set(truth.messes) == set(view.map.sources)
    for source in view.sources:
        assert (drops / source.location).is_file(), source.location
        assert not source.location.startswith("truth")
    assert {source.layer for source in view.sources} == set(view.map.layers)


def test_truth_has_the_documented_form(truth: Truth) -> None:
    assert truth.rows.schema.equals(ROWS)
    assert truth.issues.schema.equals(ISSUES)
    assert truth.values.schema.equals(VALUES)
    assert set(truth.rows["fate"].to_pylist()) == FATES
    for source in truth.messes:
        numbers = truth.of(source).rows["source_row"].to_pylist()
        assert len(set(numbers)) == len(numbers)
    rows = truth.rows.to_pandas()
    bad = rows.fate == "quarantined"
    assert (rows.code.notna() == bad).all()
    assert rows[bad | (rows.fate == "filtered")].district_code.isna().all()
    located = rows.lon.notna()
    assert (rows[located].fate == "exact").all()
    assert rows[located].subdistrict_code.notna().all()
    assert rows[rows.fate == "district"].subdistrict_code.isna().all()


def test_about_as_many_places_as_asked_for(truth: Truth) -> None:
    places = {"sample_districts", "sample_subdistricts", "sample_health_catchments"}
    count = sum(row not in places for row in truth.rows["source_id"].to_pylist())
    assert count == pytest.approx(PLACES, rel=0.05)


def test_every_mess_is_planted_at_every_scale(truth: Truth, tmp_path: Path) -> None:
    larger = samples.generate(tmp_path, places=15 * PLACES)
    assert larger.rows.num_rows > 10 * truth.rows.num_rows
    for source, messes in truth.messes.items():
        assert larger.messes[source].keys() == messes.keys()


def test_every_issue_code_is_planted(truth: Truth) -> None:
    known = set(load_catalogue().issue_codes)
    planted = set(truth.issues["code"].to_pylist())
    assert planted == known - NOT_PLANTED


def test_no_source_has_so_many_errors_that_it_would_be_held(truth: Truth) -> None:
    view = load_catalogue().map_view("sample")
    layers = {layer.id: layer for layer in view.layers}
    for source in view.sources:
        fates = truth.of(source.id).rows["fate"].to_pylist()
        share = fates.count("quarantined") / (len(fates) - fates.count("filtered"))
        assert share <= layers[source.layer].gate.max_error_share, source.id


def test_places_lie_in_the_areas_that_the_truth_names(drops: Path, truth: Truth) -> None:
    path = drops / "planning" / "subdistricts" / "KHWAENG.shp"
    shapes = pyogrio.read_dataframe(path, encoding="ISO-8859-1")
    rows = truth.rows.filter(pc.is_valid(truth.rows["lon"])).to_pandas()
    places = shapely.points(datum.utm_47n(rows.lon.to_numpy(), rows.lat.to_numpy()))
    polygons = shapes.geometry.to_numpy()
    which, area = shapely.STRtree(polygons).query(places, predicate="within")
    assert list(which) == list(range(len(places)))
    codes = shapes.SD_CODE.replace("104701", "104702").to_numpy()
    assert (codes[area] == rows.subdistrict_code).all()
    centre = rows.district_code.isin(["1001", "1007", "1037", "1014", "1008", "1013"])
    edge = rows.district_code.isin(["1003", "1011", "1046"])
    by_code = shapes.assign(size=shapely.area(polygons)).groupby("D_CODE")["size"].sum()
    dense, thin = (
        sum(chosen) / by_code[rows[chosen].district_code.unique()].sum()
        for chosen in (centre, edge)
    )
    assert dense > 3 * thin


def test_indian_1975_is_computed_by_the_survey_departments_parameters() -> None:
    """A published vector: Indian 1975 / UTM 47N of a point in Bangkok."""
    found = datum.indian_1975_utm_47n(np.array([100.50179709]), np.array([13.75630202]))
    assert found == pytest.approx(np.array([[662699, 1520978]]), abs=0.01)


def test_parks_are_in_indian_1975_utf8_without_cpg(drops: Path, truth: Truth) -> None:
    path = drops / "environment" / "parks_indian1975.zip"
    parts = _zipped(path)
    assert set(parts) == {".shp", ".shx", ".dbf", ".prj"}
    assert b"Indian_1975" in parts[".prj"]
    assert "สวน".encode() in parts[".dbf"]
    assert "ประเภทสวน".encode()[:10] in parts[".dbf"]
    assert parts[".dbf"][29] == 0
    parks = pyogrio.read_dataframe(f"{path}!parks/PARK.shp", encoding="ISO-8859-1")
    rows = truth.of("sample_parks").rows.to_pandas()
    assert len(parks) == len(rows)
    exact = rows.lon.notna()
    metres = shapely.get_coordinates(parks.geometry[exact])
    true = datum.utm_47n(rows.lon[exact].to_numpy(), rows.lat[exact].to_numpy())
    astray = np.hypot(*(metres - true).T)
    assert astray.min() > 400 and astray.max() < 500  # how far the old datum lies from the new


def test_catchments_are_cp874_labelled_oem_and_zipped_on_thai_windows(drops: Path) -> None:
    path = drops / "health" / "health_area.zip"
    parts = _zipped(path)
    assert parts[".cpg"] == b"OEM 874"
    assert "ศูนย์บริการสาธารณสุข".encode("cp874") in parts[".dbf"]
    raw = path.read_bytes()
    assert "พื้นที่รับผิดชอบ.shp".encode("cp874") in raw
    with zipfile.ZipFile(path) as archive:
        assert not any(member.flag_bits & 0x800 for member in archive.infolist())
    with zipfile.ZipFile(path, metadata_encoding="cp874") as archive:
        assert "พื้นที่รับผิดชอบ.dbf" in archive.namelist()


def test_catchments_hold_shapes_of_every_trouble(drops: Path, truth: Truth, tmp_path: Path) -> None:
    for suffix, content in _zipped(drops / "health" / "health_area.zip").items():
        (tmp_path / f"area{suffix}").write_bytes(content)
    (tmp_path / "area.cpg").unlink()
    shapes = pyogrio.read_dataframe(tmp_path / "area.shp", encoding="cp874").geometry
    mine = truth.of("sample_health_catchments")
    issues = mine.issues.to_pandas()
    crossed = issues[issues.code == "geometry_invalid_repaired"].source_row - 1
    assert len(crossed) == 3
    assert not shapely.is_valid(shapes.iloc[crossed].to_numpy()).any()
    bad = dict(zip(mine.rows["code"].to_pylist(), shapes, strict=True))
    assert bad["geometry_unrepairable"].area == 0
    assert shapely.get_num_coordinates(bad["geometry_too_many_vertices"]) > 200_000
    assert bad["place_missing"] is None
    good = shapes[[code is None for code in mine.rows["code"].to_pylist()]]
    assert "MultiPolygon" in set(good.geom_type)


def test_subdistrict_names_are_cut_in_mid_character(drops: Path, truth: Truth) -> None:
    dbf = (drops / "planning" / "subdistricts" / "KHWAENG.dbf").read_bytes()
    whole = "ปากคลองภาษีเจริญ".encode()
    assert whole not in dbf and whole[:35] in dbf
    with pytest.raises(UnicodeDecodeError):
        whole[:35].decode()
    values = truth.of("sample_subdistricts").values.to_pandas()
    assert "ปากคลองภาษีเจริญ" in set(values[values.column == "name_th"].value)


def test_gardens_are_a_spreadsheet_made_for_people(drops: Path, truth: Truth) -> None:
    book = openpyxl.load_workbook(drops / "environment" / "gardens_15min.xlsx")
    assert len(book.sheetnames) == 2
    sheet = book["ทะเบียนสวน"]
    header = [cell.value for cell in sheet[3]]
    assert sheet["A1"].value and header[:2] == ["ลำดับที่", "ชื่อสวน"]
    mine = truth.of("sample_gardens_15min")
    for row, key in zip(
        mine.rows["source_row"].to_pylist(), mine.rows["source_key"].to_pylist(), strict=True
    ):
        assert str(sheet.cell(row, 1).value) == key
    day = header.index("วันที่แล้วเสร็จ") + 1
    said = {
        (row["source_row"]): sheet.cell(row["source_row"], day).value
        for row in mine.values.to_pylist()
        if row["column"] == "completed_on"
    }
    assert "29/02/2567" in said.values()
    assert any("๒๕๖" in str(value) for value in said.values())
    assert any(hasattr(value, "year") for value in said.values())
    blank = [row for row in range(4, sheet.max_row) if sheet.cell(row, 1).value is None]
    assert len(blank) == 1


def test_sports_fields_have_a_bom_and_coordinates_in_each_others_place(
    drops: Path, truth: Truth
) -> None:
    path = drops / "sports" / "sports_fields.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    records = _csv(path, "utf-8-sig")
    mine = truth.of("sample_sports_fields")
    rows = {row["source_row"]: row for row in mine.rows.to_pylist()}
    assert len(records) == len(rows) + 1
    lat, lon = records[0].index("lat"), records[0].index("lon")
    swapped = mine.issues.filter(pc.field("code") == "position_swapped")["source_row"].to_pylist()
    assert swapped
    for number in swapped:
        record = records[number - 1]
        assert (float(record[lon]), float(record[lat])) == (
            rows[number]["lat"],
            rows[number]["lon"],
        )
    assert any(record[lat] == record[lon] == "0" for record in records)


def test_communities_are_cp874_with_personal_columns(drops: Path, truth: Truth) -> None:
    path = drops / "social" / "communities.csv"
    records = _csv(path, "cp874")
    header = records[0]
    assert "ผู้ประสานงาน" in header and "ละติจูด" not in header
    assert len(records) == len(truth.of("sample_communities").rows) + 1
    with pytest.raises(UnicodeDecodeError):
        path.read_bytes().decode("utf-8")
    source = next(s for s in load_catalogue().map_view("sample").sources if "social" in s.location)
    layer = next(la for la in load_catalogue().map_view("sample").layers if la.id == source.layer)
    mapped = {layer.columns[name].privacy.value for name in source.columns}
    assert mapped == {"public", "internal", "personal"}


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("sports/open_grounds.gpkg", "sample_open_grounds"),
        ("expressway/under_expressway.geojson", "sample_under_expressway"),
        ("health/health_centres.json", "sample_health_centres"),
        ("health/hospitals.kml", "sample_hospitals"),
    ],
)
def test_other_formats_hold_a_record_for_each_row_of_the_truth(
    drops: Path, truth: Truth, path: str, source: str
) -> None:
    layer = "open_grounds" if path.endswith(".gpkg") else None
    records = pyogrio.read_info(drops / path, layer=layer, force_feature_count=True)["features"]
    assert records == len(truth.of(source).rows)


def test_the_geopackage_holds_a_second_layer(drops: Path) -> None:
    assert len(pyogrio.list_layers(drops / "sports" / "open_grounds.gpkg")) == 2


def test_spellings_of_one_day_and_one_area() -> None:
    day = spellings.date
    said = [spelling(day(2024, 3, 5)) for spelling in spellings.DATE_SPELLINGS]
    assert said == ["๕ มีนาคม ๒๕๖๗", "5 มี.ค. 2567", "5 มีนาคม พ.ศ. 2567", "05/03/2567", "2567-03-05"]
    assert spellings.rai_ngan_wah(1600 * 4 + 400 * 2 + 4 * 7) == (4, 2, 7)
    assert spellings.decomposed("ประจำ") == "ประจ\u0e4d\u0e32"


def test_our_own_bytes_are_known_by_their_hash(drops: Path) -> None:
    """Of files made anew: what somebody puts in the very folder of the drops is not among them."""
    ours = samples.own_hashes(places=PLACES)
    assert set(_hashes(drops).values()) == ours
    placed = (drops / "health" / "hospitals.kml").read_bytes() + b" "
    assert hashlib.sha256(placed).hexdigest() not in ours
