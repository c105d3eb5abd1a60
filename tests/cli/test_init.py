"""`onemap init`, and `onemap lint` of what it made; tests/packaging runs it from the wheel."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path

import pytest
import yaml

from flows.deployments import wanted
from geo.settings import from_environment, project_folder
from schemas.catalogue import FOLDER, KINDS, load_catalogue
from schemas.json_schema import json_schemas
from schemas.project import VARIABLE
from tests.cli.conftest import Onemap, Result
from tests.cli.test_commands import one_line


@pytest.fixture
def project(onemap: Onemap, tmp_path: Path) -> Path:
    folder = tmp_path / "city"
    assert onemap("init", str(folder), home=tmp_path / "state").returncode == 0
    return folder


def lint(onemap: Onemap, project: Path) -> Result:
    """What `onemap lint` says of a project, whichever way it is named."""
    named = onemap("lint", home=project.parent, ONEMAP_DECLARATIONS=str(project))
    given = onemap("lint", str(project), home=project.parent)
    assert (named.returncode, named.stdout, named.stderr) == (
        given.returncode,
        given.stdout,
        given.stderr,
    )
    return named


def test_a_new_project_is_in_order_and_builds_upon_one_map(onemap: Onemap, project: Path) -> None:
    assert lint(onemap, project).returncode == 0
    shown = onemap(
        "layers", "--map", "example", home=project.parent, ONEMAP_DECLARATIONS=str(project)
    )
    assert "example_libraries" in shown.stdout and "parks" in shown.stdout
    own = load_catalogue(project)
    assert "parks" not in own.layers and own.sources["example_parks"].layer == "parks"


def test_each_kind_has_an_example_with_its_schema_beside_it(project: Path) -> None:
    for kind in KINDS:
        files = list((project / kind).glob("*.yaml"))
        assert files
        for path in files:
            hint = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text("utf-8"))
            assert hint and (path.parent / hint[1]).is_file(), path
    given = {path.name: path.read_text("utf-8") for path in (project / "json").iterdir()}
    assert given.items() < json_schemas().items()


def test_it_has_what_its_readme_names(project: Path) -> None:
    for readme in ("README.md", "README.th.md"):
        text = (project / readme).read_text("utf-8")
        for name in re.findall(r"`([\w./]+\.(?:ya?ml|sh|md))`", text):
            assert (project / name).is_file(), name
        for name in re.findall(r"^\| `(\w+)/", text, re.MULTILINE):
            assert (project / name).is_dir(), name
    workflow = yaml.safe_load((project / ".github/workflows/check.yml").read_text())
    assert "sh check.sh" in [step.get("run") for step in workflow["jobs"]["check"]["steps"]]
    assert "/drops/*\n!/drops/example/" in (project / ".gitignore").read_text()


def test_the_check_says_what_is_wrong_with_file_and_line(onemap: Onemap, project: Path) -> None:
    file = project / "maps" / "example.yaml"
    file.write_text(file.read_text("utf-8").replace("area: example", "area: exampel"), "utf-8")
    said = lint(onemap, project)
    assert said.returncode == os.EX_CONFIG
    assert said.stderr.startswith(f"{file}:6: there is no area `exampel`; did you mean `example`?")
    refused = onemap(
        *("run", "--map", "example"), home=project.parent, ONEMAP_DECLARATIONS=str(project)
    )
    assert f"{file}:6" in one_line(refused) and refused.returncode == os.EX_CONFIG


def test_the_schedule_follows_the_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(project))
    monkeypatch.delenv("ONEMAP_DROPS", raising=False)
    looked_after = wanted(load_catalogue(), from_environment())
    assert [deployment.map_id for deployment in looked_after] == ["sample", "example"]


@pytest.mark.parametrize("kind", ["file", "folder", "hidden", "link"])
def test_nothing_is_written_over(onemap: Onemap, tmp_path: Path, kind: str) -> None:
    folder, kept = tmp_path / "city", tmp_path / "kept"
    kept.mkdir()
    (kept / "README.md").write_text("mine")
    if kind == "file":
        folder.write_text("mine")
    elif kind == "link":
        folder.symlink_to(kept)
    else:
        folder.mkdir()
        (folder / (".git" if kind == "hidden" else "README.md")).write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    said = one_line(onemap("init", str(folder), home=tmp_path / "state"))
    assert str(folder) in said and ("empty" in said or "cannot be made" in said)
    assert sorted(tmp_path.rglob("*")) == before
    assert (kept / "README.md").read_text() == "mine"


def test_an_empty_folder_is_filled(onemap: Onemap, tmp_path: Path) -> None:
    (tmp_path / "city").mkdir()
    assert onemap("init", str(tmp_path / "city"), home=tmp_path / "state").returncode == 0
    files = [path for path in (tmp_path / "city").rglob("*") if path.is_file()]
    assert all(path.stat().st_mode & stat.S_IWUSR for path in files), "a person edits them"


def test_the_page_shows_what_is_said(onemap: Onemap, tmp_path: Path) -> None:
    made = onemap("init", str(tmp_path / "songkhla"), "--lang", "en", home=tmp_path / "state")
    program = Path(sys.executable).with_name("onemap")
    said = made.stdout.replace(str(tmp_path), "/home/gis").replace(str(program), "onemap")
    page = (project_folder() / "docs" / "operating.md").read_text("utf-8")
    assert f"$ onemap init songkhla\n{said}```" in page
    parks = tmp_path / "songkhla" / "layers" / "parks.yaml"
    parks.write_bytes((FOLDER / "layers" / "parks.yaml").read_bytes())
    refused = lint(onemap, tmp_path / "songkhla").stderr
    told = refused.replace(f"{tmp_path}/", "").replace(str(FOLDER.parent), "...")
    assert f"$ onemap lint\n  {told}    exit {os.EX_CONFIG}" in page


def test_it_answers_in_both_languages(onemap: Onemap, tmp_path: Path) -> None:
    thai = onemap("init", str(tmp_path / "a b"), "--lang", "th", home=tmp_path / "state").stdout
    english = onemap("init", str(tmp_path / "c"), "--lang", "en", home=tmp_path / "state").stdout
    assert "สร้างโครงการของเมืองแล้ว" in thai and "README.th.md" in thai
    assert "A city's own project" in english and "README.md" in english
    assert f"export ONEMAP_DECLARATIONS='{tmp_path}/a b'" in thai, "as a shell takes it"


def test_a_folder_that_cannot_be_typed_is_not_made(onemap: Onemap, tmp_path: Path) -> None:
    said = one_line(onemap("init", f"{tmp_path}/a\nb", home=tmp_path / "state"))
    assert "cannot be typed" in said and not list(tmp_path.glob("a*"))


def test_a_declared_folder_that_is_not_there_is_one_line(onemap: Onemap, tmp_path: Path) -> None:
    for command in (("lint",), ("layers",), ("run",), ("holds",), ("db", "status")):
        for named in (str(tmp_path / "none"), "~no-body/city"):
            said = onemap(*command, home=tmp_path, ONEMAP_DECLARATIONS=named)
            assert "ONEMAP_DECLARATIONS" in one_line(said), command
            assert said.returncode == os.EX_CONFIG
