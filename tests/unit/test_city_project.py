"""A city's own project upon One Map's declarations: what it may name, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from geo.settings import from_environment, project_folder
from schemas.catalogue import FOLDER, load_catalogue, with_built_in
from schemas.errors import DeclarationError
from schemas.lint import lint, lint_map
from schemas.project import VARIABLE
from tests.timing import cpu_seconds

AREA = """\
id: trang
title: { th: จังหวัดตรัง, en: Trang }
province_code: '92'
extent: [99.0, 6.9, 100.0, 8.1]
utm_zone: 47
admin_terms: { th: อำเภอ, en: District }
"""
MAP = """\
id: trang
title: { th: แผนที่กลางจังหวัดตรัง, en: One Map of Trang }
area: trang
layers: [districts, subdistricts, trang_piers]
sources: [songkhla_districts, songkhla_subdistricts, trang_piers]
"""
PIERS = """\
id: trang_piers
title: { th: ท่าเรือ, en: Piers }
description: { th: ท่าเรือโดยสาร, en: Piers for passengers }
role: place
geometry: point
columns:
  name_th: { type: text, title: { th: ชื่อ, en: Name }, privacy: public }
  name_en: { type: text, title: { th: ชื่ออังกฤษ, en: Name in English }, privacy: public }
style: { colour: '#004488', min_zoom: 8, max_zoom: 14, order: 85 }
"""
SOURCE = """\
id: trang_piers
layer: trang_piers
agency: ocha
title: { th: ทะเบียนท่าเรือ, en: Register of piers }
location: piers.csv
format: csv
key: [id]
position: { origin: columns, x: lon, y: lat, crs: 'EPSG:4326' }
columns: { name_th: { column: name } }
"""
FILES = {
    "areas/trang.yaml": AREA,
    "maps/trang.yaml": MAP,
    "layers/trang_piers.yaml": PIERS,
    "sources/trang_piers.yaml": SOURCE,
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its map takes built-in layers, sources and an agency; the environment names it."""
    folder = tmp_path / "trang"
    for name, text in FILES.items():
        write(folder / name, text)
    monkeypatch.setenv(VARIABLE, str(folder))
    return folder


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def findings(project: Path) -> list[str]:
    """What lint says of it upon One Map's own."""
    return [str(finding) for finding in lint(*with_built_in(project))]


def test_a_map_builds_upon_what_is_built_in(project: Path) -> None:
    assert findings(project) == [] == lint()
    view = load_catalogue().map_view("trang")
    assert [layer.id for layer in view.layers] == ["subdistricts", "districts", "trang_piers"]
    assert view.area.province_code == "92" and set(view.agencies) == {"ocha"}
    assert load_catalogue().map_view("bangkok").map.id == "bangkok"
    assert load_catalogue().issue_codes == load_catalogue(FOLDER).issue_codes


def test_without_a_project_only_what_is_built_in_is_there(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for unset in ("", None):
        monkeypatch.delenv(VARIABLE) if unset is None else monkeypatch.setenv(VARIABLE, unset)
        assert load_catalogue().folders == (FOLDER,)
    assert load_catalogue(FOLDER).maps.keys() < load_catalogue(FOLDER, project).maps.keys()


@pytest.mark.parametrize("kind", ["areas", "agencies", "layers", "sources", "maps"])
def test_what_both_declare_is_refused_with_both_files(project: Path, kind: str) -> None:
    built_in = sorted((FOLDER / kind).glob("*.yaml"))[0]
    own = project / kind / built_in.name
    write(own, built_in.read_text(encoding="utf-8"))
    (told,) = findings(project)
    assert told == str(lint()[0])
    assert str(own) in told and str(built_in) in told and "another id" in told
    with pytest.raises(DeclarationError, match=built_in.stem):
        load_catalogue()


def test_the_issue_codes_are_one_map_s_own(project: Path) -> None:
    write(project / "issues.yaml", (FOLDER / "issues.yaml").read_text(encoding="utf-8"))
    (told,) = findings(project)
    assert str(project / "issues.yaml") in told and "declares none" in told


def test_a_fault_is_told_at_the_line_of_the_project_s_file(project: Path) -> None:
    write(project / "maps" / "trang.yaml", MAP.replace("area: trang", "area: trng"))
    (told,) = findings(project)
    assert told == f"{project}/maps/trang.yaml:3: there is no area `trng`; did you mean `trang`?"


def test_an_order_that_is_taken_is_told_of_the_project_s_layer(project: Path) -> None:
    write(project / "layers" / "trang_piers.yaml", PIERS.replace("order: 85", "order: 30"))
    (told,) = findings(project)
    assert told.startswith(f"{project}/layers/trang_piers.yaml:9: `order: 30` is also that of")
    assert [str(finding) for finding in lint_map(load_catalogue(), "trang")] == [told]


def test_an_order_of_a_layer_on_another_map_is_free(project: Path) -> None:
    hospitals = load_catalogue().layers["hospitals"].style.order
    write(
        project / "layers" / "trang_piers.yaml", PIERS.replace("order: 85", f"order: {hospitals}")
    )
    assert findings(project) == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nowhere", "there is no such folder of declarations; correct ONEMAP_DECLARATIONS"),
        ("README.md", "this is not a folder; name one; correct ONEMAP_DECLARATIONS"),
        ("empty", "no declaration is in its folders areas, agencies, layers, sources, maps"),
        ("kinds", "no declaration is in its folders areas, agencies, layers, sources, maps"),
    ],
)
def test_a_folder_without_declarations_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, told: str
) -> None:
    write(tmp_path / "README.md", "a file")
    (tmp_path / "empty").mkdir()
    (tmp_path / "kinds" / "maps").mkdir(parents=True)
    monkeypatch.setenv(VARIABLE, str(tmp_path / name))
    with pytest.raises(DeclarationError) as refused:
        load_catalogue()
    assert str(refused.value) == f"{tmp_path / name}: {told}"


def test_a_relative_folder_is_meant_from_the_working_folder(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.parent)
    monkeypatch.setenv(VARIABLE, "trang")
    assert load_catalogue().folders == (FOLDER, project)
    assert from_environment().declarations == project


def test_the_built_in_folder_itself_is_no_project_upon_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, str(FOLDER))
    assert lint() == []


# --- a project that somebody else wrote -------------------------------------------------------


@pytest.mark.parametrize("link", ["sources/stolen.yaml", "sources"])
def test_a_link_out_of_the_project_is_not_read(project: Path, tmp_path: Path, link: str) -> None:
    secret = tmp_path / "secret" / "stolen.yaml"
    write(secret, "password: s3cret\n")
    there = project / link
    if there.is_dir():
        there.rename(project / "aside")
        there.symlink_to(secret.parent)
    else:
        there.symlink_to(secret)
    told = "\n".join(findings(project))
    assert "leads out of the project" in told
    assert "s3cret" not in told and "password" not in told


def test_a_link_within_the_project_is_followed(project: Path) -> None:
    """As where a volume's files are swapped at once (`maps/x.yaml -> ..data/x.yaml`)."""
    data = project / "maps" / "..data"
    data.mkdir()
    (project / "maps" / "trang.yaml").rename(data / "trang.yaml")
    (project / "maps" / "trang.yaml").symlink_to("..data/trang.yaml")
    assert findings(project) == []


def test_links_in_a_circle_and_pipes_are_told(project: Path) -> None:
    (project / "maps" / "round.yaml").symlink_to("round.yaml")
    os.mkfifo(project / "maps" / "pipe.yaml")
    told = findings(project)
    assert any("pipe.yaml: this is not a file" in line for line in told)
    assert any("round.yaml: the file cannot be read" in line for line in told)


def test_a_far_too_large_file_is_not_read_whole(project: Path) -> None:
    huge = project / "maps" / "huge.yaml"
    huge.touch()
    os.truncate(huge, 1 << 40)
    (told,) = findings(project)
    assert told == f"{huge}: the file is larger than 1,000,000 bytes"
    assert cpu_seconds(lint) < 3 * cpu_seconds(lambda: load_catalogue(FOLDER))


@pytest.mark.parametrize("name", ["a.yml", "a.YAML", "a.Yml"])
def test_a_declaration_by_another_ending_is_not_left_out_silently(project: Path, name: str) -> None:
    write(project / "maps" / name, MAP)
    (told,) = findings(project)
    assert told == f"{project / 'maps' / name}: declarations end in .yaml; rename the file"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("layer/a.yaml", "did you mean `layers`?"),
        ("Maps/a.yaml", "did you mean `maps`?"),
        ("agency/a.yaml", "did you mean `agencies`?"),
        ("sources/health/a.yaml", "not in folders below"),
        ("sources/health/more/a.yml", "not in folders below"),
    ],
)
def test_declarations_in_a_wrong_folder_are_not_left_out_silently(
    project: Path, name: str, told: str
) -> None:
    write(project / name, MAP)
    (said,) = findings(project)
    assert said.startswith(str(project)) and told in said


def test_other_files_of_a_project_are_its_own(project: Path) -> None:
    for name in (".github/workflows/check.yml", "compose.yaml", "drops/a.yaml", "docs/b.yaml"):
        write(project / name, "not: ours\n")
    assert findings(project) == []


# --- where a project keeps its state and finds its deliveries ---------------------------------


def test_state_and_drops_lie_in_the_project_unless_named(project: Path, tmp_path: Path) -> None:
    plain = from_environment({VARIABLE: str(project)})
    assert plain.home == project / ".onemap"
    assert plain.project == project_folder(), "what belongs to One Map lies beside it, as before"
    assert plain.drops_of("trang") == project / "drops" / "trang"
    assert plain.drops == project / ".onemap" / "drops", "what One Map makes itself is state"
    told = from_environment(
        {VARIABLE: str(project), "ONEMAP_HOME": str(tmp_path), "ONEMAP_DROPS": str(tmp_path / "in")}
    )
    assert (told.home, told.drops_of("trang")) == (tmp_path, tmp_path / "in")


def test_a_project_that_is_not_there_gives_no_settings(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=VARIABLE):
        from_environment({VARIABLE: str(tmp_path / "nowhere")})
