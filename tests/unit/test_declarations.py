"""The declarations of One Map, and the loader that reads them."""

from __future__ import annotations

import os
import re
import shutil
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from schemas.catalogue import FOLDER, KINDS, load_catalogue
from schemas.documents import Document, read_document
from schemas.errors import DeclarationError, Finding, UnknownMapError
from schemas.json_schema import FOLDER as JSON_FOLDER
from schemas.json_schema import json_schemas
from schemas.models import Layer, Privacy, Role
from tests.timing import cpu_seconds

LAYERS = {
    "districts",
    "subdistricts",
    "parks",
    "gardens_15min",
    "public_spaces",
    "primary_care",
    "health_catchments",
    "hospitals",
    "housing_communities",
}

PARKS = (FOLDER / "layers" / "parks.yaml").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder of declarations."""
    (tmp_path / "layers").mkdir()
    return tmp_path


def findings_of(folder: Path) -> list[str]:
    """What `load_catalogue` has against the folder, with paths relative to it."""
    with pytest.raises(DeclarationError) as raised:
        load_catalogue(folder)
    return [str(finding).split("layers/", 1)[-1] for finding in raised.value.findings]


def write(folder: Path, name: str, text: str) -> None:
    (folder / "layers" / f"{name}.yaml").write_text(text, encoding="utf-8")


# --- what One Map declares ---------------------------------------------------------------------


def test_the_nine_layers_are_declared() -> None:
    assert set(load_catalogue().layers) >= LAYERS


@pytest.mark.parametrize("map_id", ["bangkok", "songkhla", "nakhon_phanom"])
def test_a_map_view_resolves_all_references(map_id: str) -> None:
    view = load_catalogue().map_view(map_id)
    assert view.map.id == map_id
    assert [layer.style.order for layer in view.layers] == sorted(
        layer.style.order for layer in view.layers
    )
    assert {source.layer for source in view.sources} == {layer.id for layer in view.layers}
    assert {source.agency for source in view.sources} == set(view.agencies)


def test_boundaries_come_before_the_places_within_them() -> None:
    view = load_catalogue().map_view("bangkok")
    roles = [view.layer(source.layer).role for source in view.sources]
    assert roles[:2] == [Role.district, Role.subdistrict]
    assert not {Role.district, Role.subdistrict} & set(roles[2:])


def test_an_unknown_map_is_refused_with_the_maps_there_are() -> None:
    with pytest.raises(UnknownMapError, match=r"no map `phuket`.*bangkok, nakhon_phanom"):
        load_catalogue().map_view("phuket")


def test_a_map_with_a_dangling_reference_is_refused_at_its_line(tmp_path: Path) -> None:
    for kind in KINDS:
        shutil.copytree(FOLDER / kind, tmp_path / kind)
    (tmp_path / "sources" / "songkhla_districts.yaml").unlink()
    catalogue = load_catalogue(tmp_path)
    with pytest.raises(DeclarationError, match=r"songkhla\.yaml:6: .*songkhla_districts"):
        catalogue.map_view("songkhla")
    assert catalogue.map_view("bangkok").map.id == "bangkok"


def test_people_are_never_public() -> None:
    columns = load_catalogue().layers["housing_communities"].columns
    assert columns["contact_name"].privacy is Privacy.personal
    assert columns["survey_note"].privacy is Privacy.internal


def test_every_declaration_names_its_json_schema() -> None:
    names = {"areas": "area", "agencies": "agency", "layers": "layer"}
    names |= {"sources": "source", "maps": "map"}
    for kind, name in names.items():
        for path in (FOLDER / kind).glob("*.yaml"):
            first = path.read_text(encoding="utf-8").splitlines()[0]
            assert first == f"# yaml-language-server: $schema=../json/{name}.schema.json", path


def test_json_schemas_are_up_to_date() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in JSON_FOLDER.iterdir()}
    assert written == json_schemas(), "run: python -m schemas.json_schema"


def _seen_by(colour: str, matrix: np.ndarray) -> np.ndarray:
    """CIE Lab of a colour as seen by an eye that lacks one kind of cone."""
    srgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = to_xyz @ np.clip(matrix @ linear, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


# Machado, Oliveira and Fernandes (2009), severity 1.0, linear RGB.
EYES = {
    "full": np.eye(3),
    "protan": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deutan": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritan": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


@pytest.mark.parametrize("eye", EYES)
def test_places_are_told_apart_by_every_eye(eye: str) -> None:
    places = [layer for layer in load_catalogue().layers.values() if layer.role is Role.place]
    for one, other in combinations(places, 2):
        apart = np.linalg.norm(
            _seen_by(one.style.colour, EYES[eye]) - _seen_by(other.style.colour, EYES[eye])
        )
        assert apart > 12, f"{one.id} and {other.id} look alike to a {eye} eye"


# --- what the loader says of a wrong file ------------------------------------------------------


def test_all_errors_of_a_file_are_told_with_line_and_meaning(folder: Path) -> None:
    text = PARKS.replace("role: place", "rol: place").replace("type: number", "type: numbr")
    text = text.replace("max: 5000000", "mx: 5000000").replace("'#117733'", "117733")
    write(folder, "parks", text)
    lines = text.splitlines()
    types = "text, code, category, integer, number, boolean, date, year"

    def line(part: str) -> int:
        return next(i for i, found in enumerate(lines, 1) if part in found)

    assert findings_of(folder) == [
        "parks.yaml:2: key `role` is missing",
        f"parks.yaml:{line('rol: place')}: unknown key `rol`; did you mean `role`?",
        f"parks.yaml:{line('numbr')}: `columns.area_m2.type` is `numbr`; it is one of: {types}",
        f"parks.yaml:{line('mx:')}: unknown key `rules.0.mx`; did you mean `max`?",
        f"parks.yaml:{line('117733')}: `style.colour` is the number 117733; quote it: '117733'",
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("key: [id]", "key: id", "`key` is a list; write [id]"),
        ("column: area,", "column: 7,", "`columns.area_m2.column` is the number 7; quote it: '7'"),
        ("column: area,", "colum: area,", "unknown key `columns.area_m2.colum`; did you mean"),
        ("column: area,", "constant: [1],", "`columns.area_m2.constant`: input should be"),
        ("origin: none", "origin: nowhere", "`position.origin` is `nowhere`; it is one of: file"),
        ("origin: none", "x: a", "key `position.origin` is missing"),
        ("{ origin: none }", "none", "`position` is not a mapping of keys to values"),
        ("every: week", "every: week, at: 25:00", "`schedule.at`: input should be in a valid time"),
        ("layer: parks\n", "", "key `layer` is missing"),
        ("location: parks/public_park.csv\n", "", "is missing (path below the drops folder"),
    ],
)
def test_an_error_in_a_source_is_told_in_the_file_s_own_words(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    text = (FOLDER / "sources" / "bangkok_parks.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "sources").mkdir()
    path = tmp_path / "sources" / "bangkok_parks.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DeclarationError) as raised:
        load_catalogue(tmp_path)
    found = [finding for finding in raised.value.findings if told in finding.message]
    assert len(found) == 1, str(raised.value)
    assert all("str" not in finding.message.split("`")[1] for finding in raised.value.findings)


def test_errors_of_all_files_are_told(folder: Path) -> None:
    write(folder, "parks", PARKS.replace("role: place", "role: spot"))
    write(folder, "squares", PARKS.replace("geometry: point", "geometry: dot"))
    found = findings_of(folder)
    assert any("parks.yaml" in line and "`role` is `spot`" in line for line in found)
    assert any("squares.yaml" in line and "`geometry` is `dot`" in line for line in found)


def test_the_model_s_own_refusals_are_told(folder: Path) -> None:
    write(
        folder,
        "parks",
        PARKS.replace("min_zoom: 8", "min_zoom: 12, max_zoom: 3", 1).replace(
            "max_zoom: 3, max_zoom: 14", "max_zoom: 3"
        ),
    )
    assert findings_of(folder) == ["parks.yaml:36: `style`: `min_zoom` is above `max_zoom`"]


def test_the_file_is_named_by_its_id(folder: Path) -> None:
    write(folder, "garden", PARKS)
    assert findings_of(folder) == [
        "garden.yaml:2: the id is `parks`, but the file is named `garden.yaml`"
    ]


def test_a_yml_file_is_not_silently_left_out(folder: Path) -> None:
    (folder / "layers" / "parks.yml").write_text(PARKS, encoding="utf-8")
    assert findings_of(folder) == ["parks.yml: declarations end in .yaml; rename the file"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "bad.yaml: the file is empty"),
        ("- a\n", "bad.yaml:1: the file is not a mapping of keys to values"),
        ("id: bad\nid: worse\n", "bad.yaml:2: key `id` is already given on line 1"),
        ("a: &x [1]\nb: [*x, *x]\n", "bad.yaml:2: alias `*x`: write the value out"),
        ("a: 1\n---\nb: 2\n", "bad.yaml:2: this is not YAML: expected a single document"),
        ("id: bad\n\ttitle: x\n", "bad.yaml:2: this is not YAML"),
        ("a: 1\nb: !!python/object:os.system x\n", "bad.yaml:2: tag "),
        ("a: [" * 50, "bad.yaml:1: nested deeper than 20 levels"),
        ("[" * 200_000, "bad.yaml:1: nested deeper than 20 levels"),
        ("#" * 1_000_001, "bad.yaml: the file is larger than 1,000,000 bytes"),
        ("a: \x00\n", "bad.yaml: this is not YAML: unacceptable character"),
    ],
)
def test_broken_yaml_is_one_readable_line(folder: Path, text: str, told: str) -> None:
    write(folder, "bad", text)
    (found,) = findings_of(folder)
    assert found.startswith(told)
    assert "\n" not in found


def test_thai_in_another_encoding_is_told_with_its_line(folder: Path) -> None:
    (folder / "layers" / "bad.yaml").write_bytes("id: bad\ntitle: สวน\n".encode("cp874"))
    assert findings_of(folder) == ["bad.yaml:2: the file is not UTF-8; save it as UTF-8"]


def test_an_alias_bomb_costs_nothing(folder: Path) -> None:
    rows = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10))
    write(folder, "bomb", f"a0: &a0 [lol]\n{rows}")
    assert findings_of(folder) == ["bomb.yaml:2: alias `*a0`: write the value out"]
    assert cpu_seconds(lambda: findings_of(folder)) < cpu_seconds(load_catalogue)


def test_plain_words_are_read_as_editors_read_them(tmp_path: Path) -> None:
    path = tmp_path / "words.yaml"
    path.write_text(
        "at: 12:30\non_date: 2024-01-31\nword: no\ncode: 010501\nyes: true\n"
        "whole: -3\nreal: 2.5\nnothing:\nquoted: '7'\nthousand: 1_000\n",
        encoding="utf-8",
    )
    document = read_document(path)
    assert isinstance(document, Document)
    assert document.value == {
        "at": "12:30",
        "on_date": "2024-01-31",
        "word": "no",
        "code": "010501",
        "yes": True,
        "whole": -3,
        "real": 2.5,
        "nothing": None,
        "quoted": "7",
        "thousand": "1_000",
    }


def test_a_missing_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="no such folder of declarations"):
        load_catalogue(tmp_path / "nowhere")


def test_a_folder_without_declarations_is_the_wrong_one(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="no declaration is in its folders areas, agencies"):
        load_catalogue(tmp_path)


def test_the_catalogue_cannot_be_changed() -> None:
    catalogue = load_catalogue()
    with pytest.raises(TypeError):
        catalogue.layers["parks"] = catalogue.layers["hospitals"]  # type: ignore[index]
    with pytest.raises(ValueError, match="frozen"):
        catalogue.layers["parks"].id = "squares"
    assert isinstance(catalogue.layers["parks"], Layer)


def test_findings_show_paths_from_where_one_stands() -> None:
    here = Finding(Path(os.getcwd()) / "layers" / "parks.yaml", 3, "wrong")
    assert str(here) == f"layers{os.sep}parks.yaml:3: wrong"
    elsewhere = Finding(Path(os.sep) / "elsewhere" / "parks.yaml", 0, "wrong")
    assert re.fullmatch(r".elsewhere.parks\.yaml: wrong", str(elsewhere))
