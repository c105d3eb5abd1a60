"""Lint: one deliberate fault at a time in a copy of One Map's own declarations."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import sql
from schemas.catalogue import FOLDER, ISSUES, KINDS
from schemas.documents import read_document
from schemas.errors import DeclarationError
from schemas.lint import TAKEN, lint
from tests.timing import cpu_seconds


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of One Map's declarations."""
    for kind in KINDS:
        shutil.copytree(FOLDER / kind, tmp_path / kind)
    shutil.copy(FOLDER / ISSUES, tmp_path / ISSUES)
    return tmp_path


def test_one_map_s_own_declarations_are_clean_and_quickly_linted() -> None:
    assert [str(finding) for finding in lint()] == []
    assert cpu_seconds(lint) < 8 * cpu_seconds(read_all), "a catalogue is read once"


def read_all() -> None:
    for kind in KINDS:
        for path in sorted((FOLDER / kind).glob("*.yaml")):
            read_document(path)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="no such folder"):
        lint(tmp_path / "nowhere")


def test_a_file_is_no_folder_of_declarations(folder: Path) -> None:
    with pytest.raises(DeclarationError, match="not a folder"):
        lint(folder / ISSUES)


def test_a_folder_without_declarations_is_a_finding(tmp_path: Path) -> None:
    (finding,) = lint(tmp_path)
    assert finding.path == tmp_path and "no declaration" in finding.message


FAULTS = [
    # file, what it says, what it shall say, the line that is told, what is told
    (
        "maps/songkhla",
        "layers: [",
        "retention: { releases: 0 }\nlayers: [",
        "retention:",
        "greater than or equal to 1",
    ),
    (
        "maps/songkhla",
        "layers: [",
        "retention: { snapshot: 90 }\nlayers: [",
        "retention:",
        "did you mean `snapshots`",
    ),
    ("maps/songkhla", "area: songkhla", "area: songkla", "area:", "did you mean `songkhla`"),
    (
        "maps/songkhla",
        "songkhla_subdistricts]",
        "songkhla_subdistrict]",
        "sources:",
        "there is no source `songkhla_subdistrict`; did you mean `songkhla_subdistricts`?",
    ),
    ("maps/songkhla", "layers: [", "layers: [park, ", "layers:", "no layer `park`; did you mean"),
    ("maps/songkhla", "layers: [", "layers: [parks, ", "layers:", "no source of this map feeds"),
    (
        "maps/songkhla",
        "layers: [districts, subdistricts]",
        "layers: [subdistricts]",
        "sources:",
        "feeds the layer `districts`, which is not in this map",
    ),
    (
        "maps/songkhla",
        "layers: [districts, subdistricts]",
        "layers: [subdistricts]",
        "layers:",
        "one layer of role `district`; this one has 0",
    ),
    ("maps/songkhla", "sources: [", "sources: [songkhla_districts, ", "sources:", "named twice"),
    ("maps/songkhla", ", songkhla_subdistricts", "", "id: songkhla_subdistricts", "no map takes"),
    ("sources/bangkok_parks", "layer: parks", "layer: park", "layer:", "did you mean `parks`?"),
    ("sources/bangkok_parks", "agency: bma_env", "agency: env", "agency:", "there is no agency"),
    ("sources/bangkok_parks", "  area_m2:", "  area:", "  area:", "did you mean `area_m2`?"),
    ("sources/bangkok_parks", "unit: m2, ", "", "area_m2:", "say the unit of the area"),
    ("sources/bangkok_parks", "placeholders:", "unit: m2, placeholders:", "unit:", "no unit"),
    ("sources/bangkok_parks", "column: area,", "column: [a, b],", "area_m2:", "three"),
    ("sources/bangkok_parks", "column: park_name,", "column: park_name, era: BE,", "era", "an era"),
    (
        "sources/bangkok_parks",
        "place: { district_code: dcode }",
        "unused: [dcode]",
        "position:",
        "rows without a position need a district",
    ),
    ("sources/bangkok_parks", "origin: none", "origin: file", "position:", "has no geometry"),
    ("sources/bangkok_parks", "key: [id]", "key: [id, id]", "key:", "twice in `key`"),
    ("sources/bangkok_parks", "parks/public", "../parks/public", "location:", "below the drops"),
    ("sources/bangkok_parks", "parks/public", "/parks/public", "location:", "below the drops"),
    ("sources/bangkok_parks", "parks/public", "ftp://h/public", "location:", "http and https"),
    ("sources/bangkok_parks", "format: csv", "format: csv\nas_of: 2567-99", "as_of:", "a date"),
    ("sources/bangkok_parks", "format: csv", "format: csv\npromise_days: 0", "promise", "1 or"),
    (
        "sources/bangkok_parks",
        "format: csv",
        "format: csv\ncontainer_layer: x",
        "container_layer:",
        "one layer alone",
    ),
    (
        "sources/bangkok_communities",
        "district_code: dcode, ",
        "",
        "place:",
        "a subdistrict's name is not unique",
    ),
    (
        "sources/sample_communities",
        "key: [รหัสชุมชน]",
        "key: [ผู้ประสานงาน]",
        "key:",
        "`key` shows it in the issue log",
    ),
    (
        "sources/sample_communities",
        "subdistrict_name: แขวง",
        "subdistrict_name: ผู้ประสานงาน",
        "place:",
        "`place` shows it in the issue log",
    ),
    ("sources/bangkok_communities", ": crowded", ": crowd", "crowd", "did you mean `crowded`?"),
    (
        "sources/bangkok_communities",
        "  name_th: { column: name_of_community }\n",
        "",
        "columns:",
        "`name_th` is required by the layer",
    ),
    ("sources/bangkok_communities", "unused: [dname]", "unused: [dname, sdname]", "unused", "yet"),
    ("sources/bangkok_communities", "unused: [dname]", "unused: [x, x]", "unused", "named twice"),
    (
        "sources/bangkok_health_facilities",
        "{ '1': true }",
        "{ '1': 'yes' }",
        "lgbt_clinic",
        "does not fit a column of type boolean",
    ),
    (
        "sources/bangkok_health_facilities",
        "unused: [dname]",
        "unused: [dname, type]",
        "unused",
        "column `type` is unused, and yet used",
    ),
    (
        "sources/bangkok_health_centres",
        "constant: health_centre",
        "constant: health_center",
        "care_type",
        "did you mean `health_centre`?",
    ),
    ("sources/bangkok_hospitals", "x: lon", "x: lat", "position:", "the same column"),
    ("sources/bangkok_districts", "district_code: dcode", "district_name: x", "place:", "distric"),
    (
        "sources/bangkok_subdistricts",
        "subdistrict_code: SUBDISTRIC, ",
        "",
        "place:",
        "a source of subdistricts needs `subdistrict_code`",
    ),
    (
        "sources/bangkok_districts",
        "position: { origin: file, crs: 'EPSG:4326' }",
        "position: { origin: columns, x: a, y: b, crs: 'EPSG:4326' }",
        "position:",
        "two columns give points",
    ),
    (
        "sources/bangkok_districts",
        "position: { origin: file, crs: 'EPSG:4326' }",
        "position: { origin: none }",
        "position:",
        "its rows need a geometry",
    ),
    ("sources/bangkok_districts", "unit: m2", "unit: m2, strip_prefix: [x]", "area_m2", "a prefix"),
    ("sources/bangkok_districts", "name_en: {", "name_en: { zero_is_unknown: true,", "en", "zero"),
    ("layers/parks", "order: 60", "order: 70", "order: 70", "also that of `gardens_15min`"),
    ("layers/parks", "th: ชื่อสวน,", "th: Name,", "th: Name,", "`th` has no Thai letter"),
    ("layers/parks", "en: Name in Thai", "en: ชื่อ", "en: ชื่อ", "`en` has no Latin letter"),
    ("layers/parks", "min: 1, max: 5000000", "min: 9, max: 5", "min: 9", "`min` is above `max`"),
    ("layers/parks", ", min: 1, max: 5000000", "", "rule: range", "a range needs"),
    ("layers/parks", "column: area_m2, min", "column: name_th, min", "rule", "a range does not"),
    ("layers/health_catchments", "'[0-9]{2}'", "'[0-9'", "pattern: '", "no regular expression"),
    ("layers/health_catchments", "type: code", "type: integer", "rule: p", "a pattern does not"),
    ("layers/hospitals", "[public, private]", "[public, public]", "values:", "same word twice"),
    (
        "layers/housing_communities",
        "parts: [men, women]",
        "parts: [men, name_en]",
        "rule: sum",
        "a sum does not fit `name_en`",
    ),
    (
        "layers/housing_communities",
        "privacy: personal",
        "privacy: personal\n    in_tiles: true",
        "in_tiles: true",
        "`contact_name` is personal, and tiles are public",
    ),
    ("areas/songkhla", "[100.0, 6.25,", "[102.0, 6.25,", "extent:", "west, south, east, north"),
    ("areas/songkhla", "utm_zone: 47", "utm_zone: 48", "utm_zone:", "not lie in UTM zone 48"),
    ("issues", "row_duplicate", "row_unreadable", "code: row_unreadable", "is already there"),
    ("issues", "copy of row {detail}", "copy of row {row}", "message:", "unknown placeholder"),
    ("issues", "(column {column})", "", "message:", "do not have the same placeholders"),
]


@pytest.mark.parametrize(("file", "old", "new", "told_at", "told"), FAULTS)
def test_a_fault_is_told_at_its_line(
    folder: Path, file: str, old: str, new: str, told_at: str, told: str
) -> None:
    path = folder / f"{file}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    found = [finding for finding in lint(folder) if told in finding.message]
    assert len(found) == 1, [str(finding) for finding in lint(folder)]
    line = found[0].path.read_text(encoding="utf-8").splitlines()[found[0].line - 1]
    assert told_at in line


def test_a_broken_file_is_told_once_and_not_by_those_who_refer_to_it(folder: Path) -> None:
    path = folder / "sources" / "songkhla_districts.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("layer:", "layr:"), encoding="utf-8")
    found = lint(folder)
    assert {finding.path for finding in found} == {path}


def test_lint_reads_no_drop_and_runs_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    original = Path.open
    monkeypatch.setattr(
        Path, "open", lambda path, *mode: (opened.append(path.suffix), original(path, *mode))[1]
    )
    lint(folder)
    assert set(opened) == {".yaml"}


@pytest.mark.parametrize("taken", ["place", "source_health", "districts_versions"])
def test_a_layer_has_no_name_of_another_view(folder: Path, taken: str) -> None:
    """Its view would take the place of the one that planners or the public read."""
    for path in (folder / "layers" / "hospitals.yaml", *folder.glob("[ms]*s/*.yaml")):
        text = path.read_text("utf-8").replace("layer: hospitals", f"layer: {taken}")
        text = re.sub(r"^(id: |  - )hospitals$", rf"\1{taken}", text, flags=re.MULTILINE)
        path.write_text(re.sub(r"\bhospitals(?=[,\]])", taken, text), "utf-8")
    (folder / "layers" / "hospitals.yaml").rename(folder / "layers" / f"{taken}.yaml")
    told = {f.message for f in lint(folder) if f.path.parent.name == "maps"}
    assert any(f"`{taken}` is a view of its own" in message for message in told), told


def test_views_of_every_map_are_no_names_for_layers() -> None:
    views = {view.object_name for view in sql.views()}
    public = {name.partition(".")[2] for name in views if name.startswith(("onemap.", "web."))}
    assert public | {"place"} == TAKEN


def test_the_guide_s_layer_is_clean(folder: Path) -> None:
    guide = (FOLDER.parent / "docs" / "adding-a-layer.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n# file: (\S+)\n(.*?)```", guide, re.DOTALL)
    assert [name for name, _ in blocks] == [
        "layers/libraries.yaml",
        "sources/bangkok_libraries.yaml",
    ]
    for name, text in blocks:
        (folder / name).write_text(text, encoding="utf-8")
    bangkok = folder / "maps" / "bangkok.yaml"
    text = bangkok.read_text(encoding="utf-8")
    text = text.replace("layers:\n", "layers:\n  - libraries\n")
    text = text.replace("sources:\n", "sources:\n  - bangkok_libraries\n")
    bangkok.write_text(text, encoding="utf-8")
    assert [str(finding) for finding in lint(folder)] == []
