"""`web.serve.serve`, as its own process."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.web.conftest import City

PROGRAM = """
import sys
from pathlib import Path
from web.serve import serve
from web.settings import WebSettings
serve(WebSettings("test", sys.argv[1], Path(sys.argv[2])), port=int(sys.argv[3]))
"""


@pytest.fixture
def process(city: City) -> Iterator[subprocess.Popen[str]]:
    arguments = [city.settings.database_url, str(city.settings.releases), "0"]
    command = [sys.executable, "-c", PROGRAM, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_it_says_where_the_map_is_on_this_machine_alone(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.match(r"The map is at (http://localhost:\d+) ", line)
    assert found, line
    assert httpx.get(f"{found[1]}/health").json()["release"] == 1
    process.terminate()
    assert process.wait(timeout=20) is not None
