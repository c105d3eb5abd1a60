"""What each command says, to whom, and the exit code that it ends with."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from geo.settings import Settings
from tests.cli.conftest import Onemap, Result

PROJECT = Path(__file__).parents[2]
COMMANDS = (
    *("init", "run", "serve", "lint", "layers", "position", "deploy", "worker", "holds", "approve"),
    *("reject", "upgrade", "backup", "restore", "prune", "doctor", "db"),
    *("status", "runs", "show", "issues", "quarantine", "releases", "diff", "alerts"),
)


def one_line(result: Result) -> str:
    """What a failed command said: one line for a person, and no traceback."""
    lines = result.stderr.strip().splitlines()
    said = [line for line in lines if line.startswith("error:")]
    assert len(said) == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert result.returncode not in (0, None)
    return said[0]


def test_help_names_every_command(onemap: Onemap, tmp_path: Path) -> None:
    shown = onemap("--help", home=tmp_path).stdout
    for command in COMMANDS:
        assert command in shown


def test_lint_and_layers_need_no_database(onemap: Onemap, tmp_path: Path) -> None:
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
    onemap: Onemap, tmp_path: Path, x: str, y: str, crs: str, lon: float, lat: float
) -> None:
    result = onemap("position", x, y, "--crs", crs, "--json", home=tmp_path)
    found = json.loads(result.stdout)
    assert abs(found["lon"] - lon) < 5e-7 and abs(found["lat"] - lat) < 5e-7  # 5 cm
    assert "RTSD" in found["operation"] and found["accuracy_m"] > 0
    text = onemap("position", x, y, "--crs", crs, home=tmp_path).stdout
    assert f"{lon:.6f}" in text and "accuracy" in text


def test_an_unknown_map_is_one_line(onemap: Onemap, tmp_path: Path) -> None:
    result = onemap("run", "--map", "atlantis", home=tmp_path)
    assert "atlantis" in one_line(result) and "bangkok" in one_line(result)


def test_a_missing_drops_folder_is_one_line(onemap: Onemap, tmp_path: Path) -> None:
    result = onemap("run", "--map", "bangkok", "--drops", str(tmp_path / "none"), home=tmp_path)
    assert "none" in one_line(result)
    found = onemap("db", "status", home=tmp_path)
    assert "does not run" in found.stdout, "it was said before anything is started"


def test_a_map_without_delivered_files_is_one_line(onemap: Onemap, tmp_path: Path) -> None:
    result = onemap("run", "--map", "bangkok", home=tmp_path)
    assert "--drops" in one_line(result) and "ONEMAP_DROPS" in one_line(result)
    assert result.returncode == os.EX_NOINPUT
    assert not (tmp_path / "cluster").exists(), "it was said before anything is started"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("run", "--map", ""), os.EX_CONFIG, "bangkok, nakhon_phanom, sample, songkhla"),
        (("db", "url", "--map", ""), os.EX_CONFIG, "bangkok, nakhon_phanom, sample, songkhla"),
        (("db", "url", "--role", "banana"), 2, "onemap_planner"),
        (("serve", "--port", "99999"), 2, "65535"),
        (("serve", "--public-url", "map.example"), os.EX_CONFIG, "--public-url is 'map.example'"),
        (
            ("serve", "--allow-origin", "map.example"),
            os.EX_CONFIG,
            "--allow-origin is 'map.example'",
        ),
        (("approve", "1", "--by", " ", "--reason", "x"), 2, "--by"),
        (("reject", "1", "--by", "x", "--reason", " "), 2, "--reason"),
        (("position", "13.75", "100.5", "--crs", "EPSG:4326"), os.EX_CONFIG, "order of the two"),
        (("position", "200", "13", "--crs", "EPSG:4326"), os.EX_CONFIG, "no position"),
        (("position", "100", "13", "--crs", "banana"), os.EX_DATAERR, "banana"),
        (("position", "east", "13", "--crs", "EPSG:4326"), 2, "number"),
        (("lint", "pyproject.toml"), os.EX_CONFIG, "not a folder"),
    ],
)
def test_a_wrong_input_is_one_line(
    onemap: Onemap, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = onemap(*arguments, home=tmp_path)
    assert said in one_line(result)
    assert result.returncode == code


def test_lint_of_a_folder_without_declarations_is_a_finding(onemap: Onemap, tmp_path: Path) -> None:
    result = onemap("lint", str(tmp_path), home=tmp_path)
    assert result.returncode == os.EX_CONFIG
    assert "no declaration" in result.stderr


def test_a_coordinate_may_be_negative(onemap: Onemap, tmp_path: Path) -> None:
    result = onemap("position", "-5", "13", "--crs", "EPSG:4326", "--json", home=tmp_path)
    assert json.loads(result.stdout)["lon"] == -5


@pytest.mark.parametrize("command", [("run",), ("holds",)])
def test_a_home_that_cannot_be_made_is_one_line(
    onemap: Onemap, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "file").touch()
    result = onemap(*command, home=tmp_path / "file" / "state")
    assert "ONEMAP_HOME" in one_line(result)
    assert result.returncode == os.EX_CONFIG


def test_psql_that_is_not_installed_is_named_with_its_package(
    onemap: Onemap, tmp_path: Path
) -> None:
    result = onemap("db", "psql", home=tmp_path, PATH=str(tmp_path))
    assert "apt-get install postgresql-client" in one_line(result)


@pytest.mark.slow
def test_a_prefect_server_that_is_away_is_one_line(onemap: Onemap, tmp_path: Path) -> None:
    away = "http://user:secret@127.0.0.1:1/api"
    result = onemap("deploy", home=tmp_path, PREFECT_API_URL=away)
    assert "127.0.0.1:1" in one_line(result) and "secret" not in result.stderr
    assert result.returncode == os.EX_UNAVAILABLE


@pytest.mark.slow
def test_a_run_does_without_a_prefect_server_that_is_away(onemap: Onemap, tmp_path: Path) -> None:
    drops = tmp_path / "drops"
    drops.mkdir()
    address = "postgresql://nobody@127.0.0.1:1/{map}"
    result = onemap(
        *("run", "--map", "bangkok", "--drops", str(drops)),
        home=tmp_path,
        ONEMAP_DATABASE_URL=address,
        PREFECT_API_URL="http://127.0.0.1:1/api",
    )
    assert "working without Prefect" in result.stderr
    assert "the database at" in one_line(result), "it went on in this process"


@pytest.mark.slow
def test_a_port_in_use_is_one_line(onemap: Onemap, cluster: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = one_line(onemap("serve", "--port", port, home=cluster.home))
    assert port in said and "--port" in said
    assert "--host" in one_line(
        onemap("serve", "--host", "no.such.host.invalid", home=cluster.home)
    )


@pytest.mark.slow
def test_a_map_that_never_ran_has_nothing_to_decide(onemap: Onemap, cluster: Settings) -> None:
    found = onemap("holds", "--map", "nakhon_phanom", home=cluster.home)
    assert (found.returncode, found.stdout.strip()) == (0, "Nothing waits."), found.stderr
    for command in ("approve", "reject"):
        arguments = (command, "7", "--map", "nakhon_phanom", "--by", "x", "--reason", "y")
        result = onemap(*arguments, home=cluster.home)
        assert "run 7" in one_line(result)
        assert result.returncode == os.EX_NOINPUT


@pytest.mark.slow
def test_an_upgrade_of_a_map_that_never_ran_changes_nothing(
    onemap: Onemap, cluster: Settings
) -> None:
    found = onemap("upgrade", "--dry-run", "--map", "nakhon_phanom", home=cluster.home)
    assert found.returncode == 0 and "everything stands" in found.stdout, found.stderr
    found = onemap("upgrade", "--map", "nakhon_phanom", "--by", " ", home=cluster.home)
    assert "a name and a reason" in one_line(found)
    assert found.returncode == os.EX_CONFIG


@pytest.mark.slow
def test_a_source_that_the_map_does_not_have_is_one_line(onemap: Onemap, cluster: Settings) -> None:
    found = onemap("run", "--again", "--source", "elsewhere", home=cluster.home)
    assert "no source elsewhere" in one_line(found)
    assert found.returncode == os.EX_CONFIG


def test_a_broken_declaration_is_said_with_file_and_line(onemap: Onemap, tmp_path: Path) -> None:
    folder = tmp_path / "schemas"
    parks = folder / "layers" / "city_parks.yaml"
    parks.parent.mkdir(parents=True)
    lines = (PROJECT / "schemas/layers/parks.yaml").read_text("utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if line.startswith("geometry:"))
    lines[number - 1] = "geometri: point"
    parks.write_text("\n".join(lines).replace("id: parks", "id: city_parks"), "utf-8")
    result = onemap("lint", str(folder), home=tmp_path)
    assert result.returncode != 0
    assert f"city_parks.yaml:{number}" in result.stderr and "geometry" in result.stderr


def test_a_file_that_is_no_yaml_is_said_with_file_and_line(onemap: Onemap, tmp_path: Path) -> None:
    folder = tmp_path / "schemas"
    (folder / "maps").mkdir(parents=True)
    (folder / "maps" / "city.yaml").write_text("id: city\ntitle: {th: [\n", "utf-8")
    result = onemap("lint", str(folder), home=tmp_path)
    assert result.returncode != 0
    assert "city.yaml:" in result.stderr and "Traceback" not in result.stderr


def test_an_unreachable_database_is_one_line(onemap: Onemap, tmp_path: Path) -> None:
    address = "postgresql://nobody:secret@127.0.0.1:1/{map}"
    drops = tmp_path / "drops"
    drops.mkdir()
    result = onemap(
        "run", "--map", "bangkok", "--drops", str(drops), home=tmp_path, ONEMAP_DATABASE_URL=address
    )
    assert "127.0.0.1" in one_line(result) and "ONEMAP_DATABASE_URL" in one_line(result)
    assert len(result.stderr.strip().splitlines()) == 1
    assert "secret" not in result.stderr + result.stdout


def test_a_wrong_option_is_one_line(onemap: Onemap, tmp_path: Path) -> None:
    result = onemap("run", "--mapp", "bangkok", home=tmp_path)
    assert result.returncode == 2
    assert "--mapp" in one_line(result)


@pytest.mark.slow
def test_a_text_file_named_zip_is_refused_by_name(
    onemap: Onemap, cluster: Settings, tmp_path: Path
) -> None:
    drops = tmp_path / "drops"
    for name in ("boundaries/bma/bangkok_district.zip", "health/health_area.zip"):
        (drops / name).parent.mkdir(parents=True, exist_ok=True)
        (drops / name).write_text("this is a text file, whatever its name says")
    result = onemap("run", "--map", "bangkok", "--drops", str(drops), home=cluster.home)
    assert result.returncode != 0
    said = [line for line in result.stderr.splitlines() if "bangkok_districts: refused" in line]
    assert said and "zip" in said[0].lower()
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_db_url_is_printed_for_each_role(onemap: Onemap, cluster: Settings) -> None:
    for role in ("onemap", "onemap_planner", "onemap_web"):
        found = onemap("db", "url", "--map", "bangkok", "--role", role, home=cluster.home).stdout
        assert found.startswith(f"postgresql://{role}@/onemap_bangkok?host=")
    assert "atlantis" in one_line(onemap("db", "url", "--map", "atlantis", home=cluster.home))
