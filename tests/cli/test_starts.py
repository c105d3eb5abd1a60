"""The script `onemap` itself, once for each family of commands; and what it need not import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from geo.settings import project_folder
from tests.cli.conftest import Result, environment_of

SCRIPT = Path(sys.executable).with_name("onemap")
SLOW = {"geopandas", "pandas", "prefect", "pyogrio", "pythainlp", "scipy"}
"""What takes a good part of a second to import, and is needed once data are at work."""
DATABASES = SLOW | {"numpy", "psycopg", "pyarrow", "sqlalchemy"}
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
        (("--help",), 0, "agency files in", DATABASES | {"yaml"}),
        (("lint",), 0, "in order", DATABASES),
        (("layers",), 0, "subdistricts", DATABASES),
        (("position", "100", "13", "--crs", "EPSG:4326"), 0, "accuracy", SLOW | {"sqlalchemy"}),
        (("db", "status"), 3, "does not run", SLOW | {"sqlalchemy"}),
        (("db", "url"), os.EX_UNAVAILABLE, "127.0.0.1:1", SLOW),
        (("holds",), os.EX_UNAVAILABLE, "127.0.0.1:1", SLOW),
        (("status",), os.EX_UNAVAILABLE, "127.0.0.1:1", SLOW),
        (("status", "--check"), 3, "ONEMAP UNKNOWN - sample: the database at", SLOW),
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
