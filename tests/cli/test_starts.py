"""The script `onemap` itself, once for each family of commands; and what it need not import."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from geo.settings import project_folder
from tests.cli.conftest import Result, environment_of

SCRIPT = Path(sys.executable).with_name("onemap")
SLOW = {"geoalchemy2", "geopandas", "pandas", "prefect", "pyogrio", "pythainlp", "scipy"}
"""What takes a good part of a second to import, and is needed once data are at work."""
COLUMNS = SLOW | {"geothai", "httpx", "numpy", "pyarrow", "pyproj", "shapely"}
"""What works on rows; to look at a map's registers needs none of it."""
DATABASES = COLUMNS | {"psycopg", "sqlalchemy"}
DECLARATIONS = {"pydantic", "yaml"}
TIMES_TYPER = {"--help": 5, "layers": 8, "lint": 12, "status": 14, "holds": 14}
"""CPU of a command, in starts of Python that import Typer alone."""
AWAY = {
    "ONEMAP_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/{map}",
    "PREFECT_API_URL": "http://127.0.0.1:1/api",
}


def start(*arguments: str, home: Path) -> tuple[Result, set[str]]:
    """What came of a start, and the packages that it imported."""
    result = subprocess.run(
        [SCRIPT, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=project_folder(),
        env=environment_of(ONEMAP_HOME=str(home), PYTHONPROFILEIMPORTTIME="1", **AWAY),
        check=False,
    )
    lines = result.stderr.splitlines()
    imported = {line.rpartition("|")[2].strip() for line in lines if "import time:" in line}
    assert "typer" in imported
    return result, imported


@pytest.mark.parametrize(
    ("arguments", "code", "said", "spared"),
    [
        (("--help",), 0, "agency files in", DATABASES | DECLARATIONS),
        (("lint",), 0, "in order", DATABASES),
        (("layers",), 0, "subdistricts", DATABASES),
        (("position", "100", "13", "--crs", "EPSG:4326"), 0, "accuracy", SLOW | {"sqlalchemy"}),
        (("db", "status"), 3, "does not run", SLOW | {"sqlalchemy"}),
        (("db", "url"), os.EX_UNAVAILABLE, "127.0.0.1:1", COLUMNS),
        (("holds",), os.EX_UNAVAILABLE, "127.0.0.1:1", COLUMNS),
        (("status",), os.EX_UNAVAILABLE, "127.0.0.1:1", COLUMNS),
        (("status", "--check"), 3, "ONEMAP UNKNOWN - sample: the database at", COLUMNS),
        (("run", "--map", "bangkok", "--drops", "none"), os.EX_NOINPUT, "none", SLOW),
        (("serve", "--public-url", "map.example"), os.EX_CONFIG, "--public-url", SLOW),
        (("deploy",), os.EX_UNAVAILABLE, "the Prefect server at", SLOW),
        (("alerts", "--to", "https://h/x"), os.EX_UNAVAILABLE, "the Prefect server at", SLOW),
    ],
)
def test_a_start_imports_what_it_needs(
    tmp_path: Path, arguments: tuple[str, ...], code: int, said: str, spared: set[str]
) -> None:
    result, imported = start(*arguments, home=tmp_path)
    assert said in result.stdout + result.stderr
    assert result.returncode == code, result.stderr
    assert not spared & imported


def test_a_run_with_nothing_to_read_imports_no_reader_and_no_writer() -> None:
    """Its modules alone: what they import when there is something to read comes later."""
    found = subprocess.run(
        [sys.executable, "-c", "import sys, cli.refreshing, flows.pipeline; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=project_folder(),
    )
    assert not (SLOW | {"deflate", "httpx", "samples.generator"}) & set(found.stdout.split())


@pytest.mark.parametrize("command", TIMES_TYPER)
def test_a_start_costs_little_more_than_its_libraries(command: str, tmp_path: Path) -> None:
    environment = environment_of(ONEMAP_HOME=str(tmp_path), **AWAY)
    ours = _cpu_seconds([str(SCRIPT), command], environment)
    least = _cpu_seconds([sys.executable, "-c", "import typer"], environment)
    assert ours < TIMES_TYPER[command] * least


def _cpu_seconds(command: list[str], environment: dict[str, str]) -> float:
    """The best of three."""
    return min(_once(command, environment) for _ in range(3))


def _once(command: list[str], environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_bash_completes_commands_options_and_languages(tmp_path: Path) -> None:
    script = f"""
        PATH={SCRIPT.parent}:$PATH
        source <(onemap --show-completion bash)
        complete -p onemap
        complete_it() {{ _onemap_completion onemap; echo "${{COMPREPLY[@]}}"; }}
        COMP_WORDS=(onemap sta) COMP_CWORD=1; complete_it
        COMP_WORDS=(onemap show --l) COMP_CWORD=2; complete_it
    """
    answered = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        env=environment_of(ONEMAP_HOME=str(tmp_path)),
        check=False,
    )
    registered, commands, options = answered.stdout.splitlines()
    assert registered == "complete -o default -F _onemap_completion onemap", answered.stderr
    assert (commands, options) == ("status", "--lang")
    assert not list(tmp_path.iterdir()), "to complete is to look at nothing"
