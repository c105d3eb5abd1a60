"""The command line as people use it: a process, its output, its exit code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from geo.settings import Settings

PROJECT = Path(__file__).parents[2]
COMMANDS = "run serve lint layers position deploy worker holds approve reject db".split()  # noqa: SIM905


def onemap(
    *arguments: str, home: Path, timeout: float = 120, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs `onemap` in a process of its own, with its own state folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ONEMAP_")}
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=PROJECT,
        env=kept | {"ONEMAP_HOME": str(home), "COLUMNS": "120"} | environment,
        check=False,
    )


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    """What a failed command said: one line for a person, and no traceback."""
    lines = result.stderr.strip().splitlines()
    said = [line for line in lines if line.startswith("error:")]
    assert len(said) == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert result.returncode not in (0, None)
    return said[0]


def test_help_names_every_command(tmp_path: Path) -> None:
    shown = onemap("--help", home=tmp_path).stdout
    for command in COMMANDS:
        assert command in shown


def test_lint_and_layers_need_no_database(tmp_path: Path) -> None:
    assert onemap("lint", home=tmp_path).returncode == 0
    shown = onemap("layers", "--map", "bangkok", home=tmp_path).stdout
    assert "housing_communities" in shown and "สวนสาธารณะ" in shown
    assert "does not run" in onemap("db", "status", home=tmp_path).stdout


@pytest.mark.parametrize(
    ("x", "y", "crs", "lon", "lat"),
    [
        # the answers of the Royal Thai Survey Department's parameters
        ("662699", "1520978", "EPSG:24047", 100.50179709, 13.75630202),
        ("271952", "1821821", "EPSG:24048", 102.86000402, 16.46999872),
    ],
)
def test_position_answers_with_operation_and_accuracy(
    tmp_path: Path, x: str, y: str, crs: str, lon: float, lat: float
) -> None:
    result = onemap("position", x, y, "--crs", crs, "--json", home=tmp_path)
    found = json.loads(result.stdout)
    assert abs(found["lon"] - lon) < 5e-7 and abs(found["lat"] - lat) < 5e-7  # 5 cm
    assert "RTSD" in found["operation"] and found["accuracy_m"] > 0
    text = onemap("position", x, y, "--crs", crs, home=tmp_path).stdout
    assert f"{lon:.6f}" in text and "accuracy" in text


def test_an_unknown_map_is_one_line(tmp_path: Path) -> None:
    result = onemap("run", "--map", "atlantis", home=tmp_path)
    assert "atlantis" in one_line(result) and "bangkok" in one_line(result)


def test_a_missing_drops_folder_is_one_line(tmp_path: Path) -> None:
    result = onemap("run", "--map", "bangkok", "--drops", str(tmp_path / "none"), home=tmp_path)
    assert "none" in one_line(result)
    found = onemap("db", "status", home=tmp_path)
    assert "does not run" in found.stdout, "it was said before anything is started"


def test_a_broken_declaration_is_said_with_file_and_line(tmp_path: Path) -> None:
    folder = tmp_path / "schemas"
    shutil.copytree(PROJECT / "schemas", folder, ignore=shutil.ignore_patterns("*.py*", "json"))
    parks = folder / "layers" / "parks.yaml"
    lines = parks.read_text("utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if line.startswith("geometry:"))
    lines[number - 1] = "geometri: point"
    parks.write_text("\n".join(lines), "utf-8")
    result = onemap("lint", str(folder), home=tmp_path)
    assert result.returncode != 0
    assert f"parks.yaml:{number}" in result.stderr and "geometry" in result.stderr


def test_a_file_that_is_no_yaml_is_said_with_file_and_line(tmp_path: Path) -> None:
    folder = tmp_path / "schemas"
    shutil.copytree(PROJECT / "schemas", folder, ignore=shutil.ignore_patterns("*.py*", "json"))
    (folder / "maps" / "sample.yaml").write_text("id: sample\ntitle: {th: [\n", "utf-8")
    result = onemap("lint", str(folder), home=tmp_path)
    assert result.returncode != 0
    assert "sample.yaml:" in result.stderr and "Traceback" not in result.stderr


def test_an_unreachable_database_is_one_line(tmp_path: Path) -> None:
    address = "postgresql://nobody:secret@127.0.0.1:1/{map}"
    drops = tmp_path / "drops"
    drops.mkdir()
    result = onemap(
        "run", "--map", "bangkok", "--drops", str(drops), home=tmp_path, ONEMAP_DATABASE_URL=address
    )
    assert "127.0.0.1" in one_line(result)
    assert "secret" not in result.stderr + result.stdout


def test_a_wrong_option_is_one_line(tmp_path: Path) -> None:
    result = onemap("run", "--mapp", "bangkok", home=tmp_path)
    assert result.returncode == 2
    assert "--mapp" in one_line(result)


def test_a_text_file_named_zip_is_refused_by_name(cluster: Settings, tmp_path: Path) -> None:
    drops = tmp_path / "drops"
    for name in ("boundaries/bma/bangkok_district.zip", "health/health_area.zip"):
        (drops / name).parent.mkdir(parents=True, exist_ok=True)
        (drops / name).write_text("this is a text file, whatever its name says")
    result = onemap("run", "--map", "bangkok", "--drops", str(drops), home=cluster.home)
    assert result.returncode != 0
    said = [line for line in result.stderr.splitlines() if "bangkok_districts: refused" in line]
    assert said and "zip" in said[0].lower()
    assert "Traceback" not in result.stderr


def test_db_url_is_printed_for_each_role(cluster: Settings) -> None:
    for role in ("onemap", "onemap_planner", "onemap_web"):
        found = onemap("db", "url", "--map", "bangkok", "--role", role, home=cluster.home).stdout
        assert found.startswith(f"postgresql://{role}@/onemap_bangkok?host=")
    assert "atlantis" in one_line(onemap("db", "url", "--map", "atlantis", home=cluster.home))
