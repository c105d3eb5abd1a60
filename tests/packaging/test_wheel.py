"""The wheel alone, in an environment of its own and outside of the checkout, runs a city's map.

Python packages are those that the tests run with (hard links); One Map is the wheel's.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import sync_playwright

from geo.read import walls
from geo.settings import project_folder
from scripts.screenshot import CHROMIUM, FLAGS, wait_until_drawn
from tests.cli.conftest import environment_of
from tests.conftest import quick_folder
from web.pages import VENDORED

pytestmark = pytest.mark.slow

PACKAGES = ("cli", "flows", "geo", "samples", "schemas", "server", "sql", "web")
DATA = re.compile(r"/(?:node_modules|__pycache__)/")
OURS = ("__editable__*", "city_onemap*")


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel in it; `elsewhere` is a folder that is nobody's."""

    wheel: Path
    programs: Path
    elsewhere: Path

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """What came of a command in that folder, with the environment's programs first."""
        return subprocess.run(
            command,
            cwd=self.elsewhere,
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def environment(self, **changes: str) -> dict[str, str]:
        """Nothing of the checkout is in it."""
        path = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        kept = environment_of(PATH=path, **changes)
        return {name: value for name, value in kept.items() if not name.startswith("PYTHON")}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """The wheel as `make wheel` makes it, installed; state lies where a database may run."""
    base = tmp_path_factory.mktemp("wheel")
    wheel = build(base)
    python = environment_with_libraries(base / "venv")
    pip(python, "install", "--no-deps", "--no-index", str(wheel))
    elsewhere = Path(tempfile.mkdtemp(prefix="onemap-wheel-", dir=quick_folder()))
    elsewhere.chmod(0o711)  # root's tests run the server as another user, who must pass through
    yield Installed(wheel, python.parent, elsewhere)
    shutil.rmtree(elsewhere)


def build(base: Path) -> Path:
    """A wheel of the checkout, which stays as it is: what is built on the way lies elsewhere."""
    places = base / "places.cfg"
    places.write_text(f"[build]\nbuild_base={base}/build\n[egg_info]\negg_base={base}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIST_EXTRA_CONFIG", str(places))
        made = ("--no-deps", "--no-build-isolation", "--wheel-dir", str(base / "dist"))
        pip(Path(sys.executable), "wheel", *made, str(project_folder()))
    (wheel,) = (base / "dist").glob("*.whl")
    return wheel


def pip(python: Path, *arguments: str) -> None:
    command = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    if done.returncode:
        raise AssertionError(done.stdout + done.stderr)


def environment_with_libraries(folder: Path) -> Path:
    """A new environment with the packages of this one, and without One Map; its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (mine,) = Path(sys.prefix).glob("lib/python*/site-packages")
    packages.rmdir()
    # Hard links, for the reader's file wall would not let a symbolic one through.
    for options in ("--link", "--reflink=auto"):
        command = ["cp", "--archive", options, str(mine), str(packages)]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            break
        shutil.rmtree(packages, ignore_errors=True)
    for pattern in OURS:
        for path in packages.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def project(installed: Installed) -> Iterator[Path]:
    """A city's project as `onemap init` made it, with what was printed beside it in `said`."""
    made = installed.run("onemap", "init", "a city", "--lang", "en")
    assert made.returncode == 0, made.stderr
    (installed.elsewhere / "said").write_text(made.stdout)
    folder = installed.elsewhere / "a city"
    yield folder
    done = installed.run("onemap", "db", "stop", ONEMAP_DECLARATIONS=str(folder))
    assert done.returncode == 0, done.stderr


def printed(project: Path) -> list[str]:
    """The commands that `onemap init` printed, as a shell takes them."""
    lines = (project.parent / "said").read_text().splitlines()
    return [line.strip() for line in lines if line.startswith("  ")]


# --- what is in it -----------------------------------------------------------------------------


def test_every_file_of_the_packages_is_in_the_wheel(installed: Installed) -> None:
    root = project_folder()
    held = set(zipfile.ZipFile(installed.wheel).namelist())
    files = (path for package in PACKAGES for path in (root / package).rglob("*"))
    ours = {path.relative_to(root).as_posix() for path in files if path.is_file()}
    ours = {name for name in ours if not DATA.search(name)}
    assert ours - held == {"web/.npmrc", "web/package.json", "web/package-lock.json"}
    assert {name.split("/")[0] for name in held} - {*PACKAGES} == {
        name.split("/")[0] for name in held if ".dist-info/" in name
    }


def test_what_the_viewer_loads_and_its_licences_are_in_the_wheel(installed: Installed) -> None:
    held = zipfile.ZipFile(installed.wheel)
    viewer = (project_folder() / "web" / "viewer").rglob("*")
    texts = "".join(path.read_text("utf-8") for path in viewer if path.is_file())
    loaded = set(re.findall(r"/vendor/([a-z-]+)/([\w.-]+\.\w+)", texts))
    assert len(loaded) >= 9
    for name, file in loaded:
        assert held.getinfo(f"web/node_modules/{VENDORED[name]}/{file}").file_size > 1000
    for licence in (
        "web/node_modules/maplibre-gl/LICENSE.txt",
        "web/node_modules/@fontsource/noto-sans-thai/LICENSE",
        "web/node_modules/fflate/LICENSE",
        "web/licences/pmtiles.txt",
    ):
        assert held.getinfo(licence).file_size > 500


def test_a_wheel_without_the_viewer_s_packages_is_not_made(tmp_path: Path) -> None:
    root = project_folder()
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, tmp_path)
    for package in PACKAGES:
        left_out = shutil.ignore_patterns("node_modules", "__pycache__")
        shutil.copytree(root / package, tmp_path / package, ignore=left_out)
    command = [sys.executable, "setup.py", "--quiet", "build_py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "there is no web/node_modules/maplibre-gl" in done.stderr
    assert "`make wheel` brings all" in done.stderr
    assert not (tmp_path / "build").exists()


# --- what it does ------------------------------------------------------------------------------


def test_all_that_runs_is_the_wheel_s(installed: Installed) -> None:
    program = (
        "import importlib as i, sys; [print(i.import_module(n).__file__) for n in sys.argv[1:]]"
    )
    said = installed.run(str(installed.programs / "python"), "-c", program, *PACKAGES)
    places = [Path(line) for line in said.stdout.splitlines()]
    assert len(places) == len(PACKAGES), said.stderr
    for place in places:
        assert place.is_relative_to(installed.programs.parent), place
        assert not place.is_relative_to(project_folder())


def test_the_walls_around_the_reader_hold_in_site_packages(installed: Installed) -> None:
    program = "from geo.read import probe, walls; probe(); print(*sorted(walls().standing))"
    said = installed.run(str(installed.programs / "python"), "-c", program)
    assert said.returncode == 0, said.stderr
    assert said.stdout.split() == sorted(walls().standing) != []


def test_state_lies_in_the_working_folder_where_there_is_no_project(installed: Installed) -> None:
    said = installed.run("onemap", "db", "status")
    assert f"does not run: {installed.elsewhere}/.onemap/" in said.stdout


def test_the_next_commands_work_as_they_are_printed(installed: Installed, project: Path) -> None:
    *commands, serve = printed(project)
    assert [command.split()[0] for command in commands] == ["export", "onemap", "onemap"]
    done = installed.run("sh", "-ec", "\n".join(commands))
    assert done.returncode == 0, done.stderr
    assert "Every declaration is in order." in done.stdout
    assert "Release 1 is published: a city/.onemap/releases/example/1" in done.stdout
    counts = re.findall(r"^example_\w+ +accepted +(\d+) +(\d+)", done.stdout, re.MULTILINE)
    assert counts == [("1", "1"), ("2", "2"), ("3", "3"), ("5", "5")]
    page = (project_folder() / "docs" / "operating.md").read_text("utf-8")
    table = done.stdout.partition("in order.\n")[2].partition("Release 1")[0]
    assert f"$ onemap run --map example\n{table}" in page
    with serving(installed, f"{commands[0]}; exec {serve}") as address:
        see_the_map(address)


def test_the_sample_runs_beside_a_project(installed: Installed, project: Path) -> None:
    done = installed.run(
        *("onemap", "run", "--source", "sample_districts", "--source", "sample_subdistricts"),
        ONEMAP_DECLARATIONS=str(project),
    )
    assert "Release 1 is published: a city/.onemap/releases/sample/1" in done.stdout, done.stderr
    assert re.search(r"^sample_subd\w* +accepted +180 +180", done.stdout, re.MULTILINE)
    assert not (project / "drops" / "sample").exists(), "what is generated is state"


@contextmanager
def serving(installed: Installed, command: str) -> Iterator[str]:
    """The address of what `command` serves, at a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(
        ["sh", "-c", f"{command} --port {port}"],
        cwd=installed.elsewhere,
        env=installed.environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert f"http://localhost:{port}" in process.stdout.readline()
            yield f"http://localhost:{port}"
        finally:
            process.terminate()
            process.wait(20)


def see_the_map(address: str) -> None:
    """The viewer in Chromium, with its packages: drawn without an error."""
    with urlopen(f"{address}/manifest.json") as answer:
        assert '"map": "example"' in answer.read().decode()
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page()
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        wait_until_drawn(page)
        assert page.title() == "One Map of the example city"
        browser.close()
    assert errors == []
