"""Commands that only read, on the embedded sample as it was published."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flows.job import Job, RefreshResult
from geo.settings import Settings
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
