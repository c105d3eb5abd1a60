"""docs/operating.md shows what the commands say: each is run, and its output compared.

The story is that of the sample city on its second day. `ONEMAP_WRITE_DOCS=1 pytest` on this file
writes the outputs anew, to be read before they are committed.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from flows.job import Job, RefreshResult
from geo.settings import Settings, project_folder
from samples import generate
from server import cluster as private_cluster
from tests.cli.conftest import Onemap
from tests.conftest import _administrator, _clone

pytestmark = pytest.mark.slow

PAGE = project_folder() / "docs" / "operating.md"
BEGIN, END = "<!-- a test runs what follows -->", "<!-- a test runs what stands above -->"
BLOCK = re.compile(r"(?<=```\n)\$ (onemap [^\n]*)\n(.*?)(?=```)", re.DOTALL)
VOLATILE = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:.]+Z|\d{4}-\d\d-\d\d( \d\d:\d\d)?|\d\d:\d\d:\d\d"
    r'|\b[0-9a-f]{64}\b|(?<="seconds": )[\d.]+'
)
PROGRESS = re.compile(r"(?:\d\d:\d\d:\d\d .*\n){5,}")


def shortened(progress: re.Match[str]) -> str:
    """The first lines of progress, and the last."""
    lines = progress[0].splitlines(keepends=True)
    return "".join([*lines[:2], "...\n", lines[-1]])


@dataclass(frozen=True)
class SecondDay:
    """The sample city, of which four deliveries are others today."""

    onemap: Onemap
    home: Path
    database: str

    def says(self, command: str) -> str:
        """What a command says, as on a terminal, and its exit code if it is not 0."""
        arguments = shlex.split(command)[1:]
        result = self.onemap(
            *[str(self.home / "drops") if part == "drops" else part for part in arguments],
            home=self.home,
            together=True,
            ONEMAP_DATABASE_URL=self.database,
            LC_ALL="C.UTF-8",
        )
        said = PROGRESS.sub(shortened, result.stdout.replace(str(self.home), ".onemap"))
        return said + (f"  exit {result.returncode}\n" if result.returncode else "")


@pytest.fixture(scope="module")
def second_day(
    onemap: Onemap,
    cluster: Settings,
    sample_map: tuple[Job, RefreshResult],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SecondDay]:
    job, _ = sample_map
    home = tmp_path_factory.mktemp("second-day")
    for folder in ("snapshots", "releases"):
        shutil.copytree(job.settings.home / folder, home / folder)
    generate(home / "drops")
    deliver(home / "drops")
    job.engine.dispose()  # a database that is copied has no sessions
    name = private_cluster.database_name("second_day")
    with psycopg.connect(_administrator(cluster), autocommit=True) as server:
        _clone(server, name, private_cluster.database_name("sample"))
        yield SecondDay(onemap, home, private_cluster.url(cluster, "second_day"))
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def deliver(drops: Path) -> None:
    """Today: half of the communities, other sports fields, no KML, and no parks register."""
    communities = drops / "social/communities.csv"
    lines = communities.read_bytes().splitlines(keepends=True)
    communities.write_bytes(b"".join(lines[:200]))
    fields = drops / "sports/sports_fields.csv"
    rows = fields.read_bytes().splitlines(keepends=True)
    rows[3] = rows[3].replace(b"8431", b"9000")
    new = "SF000999,1003,100306,ลานกีฬาใหม่,ลานประจำชุมชน,1200,13.9281661,100.8410517\r\n"
    rows[5:7] = [new.encode()]
    fields.write_bytes(b"".join(rows))
    (drops / "health/hospitals.kml").write_text("<html>404</html>")
    (drops / "environment/parks_register.csv").unlink()


def masked(said: str) -> str:
    """Without what is other each time: times, days, hashes, durations."""
    return VOLATILE.sub("#", said)


def test_every_command_says_what_the_page_shows(second_day: SecondDay) -> None:
    page = PAGE.read_text("utf-8")
    before, part, after = _parts(page)
    told: dict[str, str] = {}

    def run(block: re.Match[str]) -> str:
        told[block[1]] = second_day.says(block[1])
        return f"$ {block[1]}\n{told[block[1]]}"

    written = BLOCK.sub(run, part)
    if os.environ.get("ONEMAP_WRITE_DOCS"):
        PAGE.write_text(before + written + after, "utf-8")
    else:
        shown = {block[1]: masked(block[2]) for block in BLOCK.finditer(part)}
        assert {command: masked(said) for command, said in told.items()} == shown
    assert {command.split()[1] for command in told} >= COMMANDS


COMMANDS = {
    *("run", "status", "runs", "show", "issues", "quarantine", "holds", "reject"),
    *("releases", "diff"),
}


def _parts(page: str) -> tuple[str, str, str]:
    before, begin, rest = page.partition(BEGIN)
    part, end, after = rest.partition(END)
    return before + begin, part, end + after
