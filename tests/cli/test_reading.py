"""Commands that only read, on the embedded sample as it was published."""

from __future__ import annotations

import json
import os
import re
from typing import Any

import pytest
from rich.cells import cell_len

from flows.job import Job, RefreshResult
from geo.settings import Settings
from schemas.catalogue import load_catalogue
from tests.cli.conftest import Onemap, Result

pytestmark = pytest.mark.slow
MapAndResult = tuple[Job, RefreshResult]
WIDEST = 100


class Reader:
    """Runs a command on the sample; what it prints fits a terminal of 100 columns."""

    def __init__(self, onemap: Onemap, settings: Settings) -> None:
        self._onemap, self._settings = onemap, settings

    def __call__(self, *arguments: str, code: int = 0) -> str:
        result = self.result(*arguments)
        assert result.returncode == code, result.stderr
        return result.stdout

    def result(self, *arguments: str) -> Result:
        return self._onemap(*arguments, home=self._settings.home, LC_ALL="C.UTF-8")

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json"))


@pytest.fixture(scope="session")
def read(onemap: Onemap, cluster: Settings, sample_map: MapAndResult) -> Reader:
    return Reader(onemap, cluster)


def test_status_says_how_each_source_stands(read: Reader, sample_map: MapAndResult) -> None:
    job, result = sample_map
    told = read.json("status")
    assert [one["source"] for one in told] == [source.id for source in job.view.sources]
    published = {source.source_id: source.published for source in result.sources}
    assert {one["source"]: one["rows_on_map"] for one in told} == published
    assert all(one["problems"] == [] and one["outcome"] == "accepted" for one in told)
    assert all(one["looked_at"].endswith("Z") for one in told)
    assert "sample_parks" in read("status") and "last look" in read("status")
    assert "แหล่งข้อมูล" in read("status", "--lang", "th")


def test_a_monitor_is_told_in_one_line(read: Reader) -> None:
    (line,) = read("status", "--check").splitlines()
    assert line.startswith("ONEMAP OK - sample: 13 of 13 sources are well | fault=0 ")
    (line,) = read("status", "--check", "--lang", "th").splitlines()
    assert line.startswith("ONEMAP OK - sample: ปกติ 13 จาก 13 แหล่ง")
    assert read.json("status", "--check")["status"] == "OK"
    (line,) = read("status", "--check", "--map", "atlantis", code=3).splitlines()
    assert line.startswith("ONEMAP UNKNOWN - atlantis: there is no map `atlantis`")


TABLES = [
    ("status",),
    ("runs",),
    ("show", "sample_parks"),
    ("issues", "sample_parks"),
    ("quarantine", "sample_parks"),
    ("releases",),
    ("diff", "0", "1"),
    ("holds",),
]


@pytest.mark.parametrize("command", TABLES, ids=lambda command: command[0])
def test_what_people_read_fits_a_hundred_columns(read: Reader, command: tuple[str, ...]) -> None:
    thai, english = read(*command, "--lang", "th"), read(*command, "--lang", "en")
    assert thai != english
    for line in [*thai.splitlines(), *english.splitlines()]:
        assert cell_len(line) <= WIDEST, line


def test_runs_and_releases_say_what_came_of_them(read: Reader, sample_map: MapAndResult) -> None:
    _, result = sample_map
    told = {run["run"]: run for run in read.json("runs")}
    assert list(told) == sorted((source.run_id for source in result.sources), reverse=True)
    for source in result.sources:
        run = told[source.run_id]
        assert run["source"] == source.source_id and run["rows_in"] == source.rows_in
        assert run["features_added"] == source.published and run["release"] == 1
    (alone,) = read.json("runs", "--source", "sample_parks")
    assert len(read.json("runs", "--limit", "3")) == 3
    (release,) = read.json("releases")
    assert release["release"] == 1 and release["current"] and alone["run"] in release["runs"]
    assert release["features"] == release["added"] == sum(s.published or 0 for s in result.sources)


def test_show_issues_and_quarantine_agree(read: Reader, sample_map: MapAndResult) -> None:
    _, result = sample_map
    parks = next(source for source in result.sources if source.source_id == "sample_parks")
    shown = read.json("show", str(parks.run_id))
    assert shown == read.json("show", "sample_parks")
    listed = read.json("issues", "sample_parks")
    assert sum(issue["count"] for issue in shown["issues"]) == listed["count"]
    errors = {issue["row"] for issue in listed["issues"] if issue["severity"] == "error"}
    kept = read.json("quarantine", "sample_parks")
    assert errors == {row["row"] for row in kept["rows"]} and kept["count"] == parks.quarantined
    only = read.json("issues", "sample_parks", "--code", "key_missing")
    assert {issue["code"] for issue in only["issues"]} == {"key_missing"}
    mistyped = read("issues", "sample_parks", "--code", "{key_mising}", "--lang", "en")
    assert "No issue of this run has that code" in mistyped and "Nothing was wrong" not in mistyped
    assert shown["evidence"]["rows_in"] == parks.rows_in
    assert "EPSG:24047" in read("show", "sample_parks")


def test_quarantine_shows_declared_columns_that_are_not_personal(read: Reader) -> None:
    rows = read.json("quarantine", "sample_communities")["rows"]
    shown = {name for row in rows for name in row["values"]}
    source = load_catalogue().sources["sample_communities"]
    contact = source.columns["contact_name"].column
    assert shown and contact not in shown and not shown & set(source.unused)


def test_diff_counts_and_lists(read: Reader, sample_map: MapAndResult) -> None:
    _, result = sample_map
    told = read.json("diff", "0", "1")
    assert len(told["features"]) == sum(source.published or 0 for source in result.sources)
    assert {layer["changed"] for layer in told["layers"]} == {0}
    assert told == read.json("diff", "0")
    backwards = read.json("diff", "1", "0", "--layer", "parks")
    assert [layer["layer"] for layer in backwards["layers"]] == ["parks"]
    assert {feature["change"] for feature in backwards["features"]} == {"removed"}
    assert "the same" in read("diff", "1", "1")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "999"), "there is no run 999; `onemap runs` lists"),
        (("show", "9" * 30), f"there is no run {'9' * 30}"),
        (("issues", "999"), "there is no run 999"),
        (("quarantine", "no_such"), "there is no source no_such; map sample has sample_districts,"),
        (("runs", "--source", "no_such"), "there is no source no_such; map sample has"),
        (("diff", "0", "7"), "there is no release 7; `onemap releases` lists"),
        (("diff", "0", "--layer", "x"), "there is no layer x; map sample has"),
        (("diff", "0", "--source", "x"), "there is no source x; map sample has"),
    ],
)
def test_what_does_not_exist_is_one_readable_line(
    read: Reader, arguments: tuple[str, ...], said: str
) -> None:
    result = read.result(*arguments)
    assert result.returncode == os.EX_NOINPUT
    assert result.stderr.startswith(f"error: {said}") and len(result.stderr.splitlines()) == 1


def test_a_dry_run_says_what_would_happen_and_writes_nothing(
    read: Reader, sample_map: MapAndResult
) -> None:
    job, _ = sample_map
    before = kept(job), read.json("runs")
    told = read.json("run", "--dry-run")
    assert {source["outcome"] for source in told["sources"]} == {"unchanged"}
    assert (told["dry_run"], told["changes"], told["release"]) == (True, False, None)
    result = read.result("run", "--dry-run", "--again", "--source", "sample_parks")
    assert "sample_parks accepted" in result.stdout and "nothing was written" in result.stdout
    progress = [line for line in result.stderr.splitlines() if line.endswith("snapshot")]
    assert progress and all(re.match(r"\d\d:\d\d:\d\d sample_", line) for line in progress)
    assert (kept(job), read.json("runs")) == before


def kept(job: Job) -> dict[str, tuple[int, int]]:
    """Every file of the state folder but the database's own."""
    home = job.settings.home
    files = [path for path in home.rglob("*") if path.is_file()]
    ours = [path for path in files if "cluster" not in path.relative_to(home).parts]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in ours}
