"""Bounded abuse of a server in a process of its own: nothing fails, waits, grows or is logged."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import cycle, islice
from pathlib import Path
from random import Random
from statistics import median
from threading import Event
from time import monotonic, sleep

import httpx
import pytest

from tests.web import raw
from tests.web.conftest import City

pytestmark = pytest.mark.slow

PROGRAM = """
import sys
from pathlib import Path
from web import connections
from web.serve import serve
from web.settings import WebSettings
connections.REQUEST_SECONDS = connections.STALLED_SECONDS = 1
serve(WebSettings("test", sys.argv[1], Path(sys.argv[2])), port=0)
"""
REQUESTS = 2_000
CLIENTS = 2
WINDOW = 15
"""Probes whose medians are compared: one of them may fall on a busy processor, not all."""
TIMES_IDLE = 5
GROWTH = 1.1
"""Resident memory afterwards, as a share of what it was before."""

BIG = b"9" * 5_000
NUMBERS = [b"99999999999", BIG, b"-1", b"1e309", b"nan", b"%D9%A3", b"0" * 3_000]
INTEGERS = [
    path % number
    for number in NUMBERS
    for path in (
        b"/tiles/%s/0/0.mvt",
        b"/tiles/10/%s/0.mvt",
        b"/releases/%s/manifest.json",
        b"/search?q=a&limit=%s",
        b"/unplaced?area=%s",
        b"/api/collections/parks/items?limit=%s",
        b"/api/collections/parks/items?offset=%s",
        b"/api/collections/parks/items?bbox=%s,0,1,1",
        b"/api/collections/parks/items?datetime=%s",
        b"/api/collections/parks/items?area_m2=%s",
        b"/api/collections/parks/items/%s",
    )
]
NULS = [
    b"/search?q=%00",
    b"/viewer/%00",
    b"/unplaced?area=%00",
    b"/releases/current/%00",
    b"/api/collections/%00/items",
    b"/api/collections/parks/items?name_th=%00",
    b"/api/collections/parks/items?name_th=%ED%A0%80",
]
UPGRADE = (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13")
WHOLE = [
    *(raw.get(path) for path in [*INTEGERS, *NULS]),
    *(raw.get(path, *UPGRADE) for path in (b"/", b"/health", b"/api/")),
    raw.get(b"/labels.geojson", b"Range: bytes=" + BIG + b"-"),
    raw.get(b"/manifest.json", b"If-None-Match: a\x00b"),
    raw.get(b"/manifest.json", host=b"evil.example"),
    raw.get(b"/api/collections/parks/items?" + b"&".join(b"a%d=1" % n for n in range(60))),
    b"GET / HTTP/9\r\n\r\n",
    b"\x16\x03\x01\x00\x00\r\n\r\n",
]
HALVES = [
    b"",
    b"GET / HTTP/1.1\r\nHost: loc",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\nx",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n",
]


@contextmanager
def serving(city: City) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server's address and its process."""
    arguments = [city.settings.database_url, str(city.settings.releases)]
    command = [sys.executable, "-c", PROGRAM, *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield line.removeprefix("The map is at ").split()[0], process
        process.kill()


def seconds_of_health(client: httpx.Client) -> float:
    began = monotonic()
    answer = client.get("/health")
    assert answer.status_code == 200
    return monotonic() - began


def resident_kib(process: subprocess.Popen[str]) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def abuse(address: str, number: int) -> list[int]:
    """One client's share of the requests; answers the statuses that came."""
    random = Random(number)
    left: list[socket.socket] = []
    statuses = []
    for request in islice(cycle(random.sample(WHOLE, len(WHOLE))), REQUESTS // CLIENTS):
        if random.random() < 0.1:  # one in ten is begun, and never ended
            left.append(raw.connect(address))
            left[-1].sendall(random.choice(HALVES))
        else:
            statuses.append(raw.status_of(raw.ask(address, request)))
    for connection in left:
        with suppress(OSError):
            connection.close()
    return statuses


def probed(
    abused: httpx.Client, left_alone: httpx.Client, done: Event
) -> list[tuple[float, float]]:
    """Seconds of both servers' health, in turn: the machine and this process slow both alike."""
    seconds = []
    while not done.is_set():
        seconds.append((seconds_of_health(abused), seconds_of_health(left_alone)))
        sleep(0.005)
    return seconds


def test_abuse_fails_nothing_delays_nobody_and_leaves_nothing(city: City) -> None:
    with (
        serving(city) as (address, process),
        serving(city) as (beside, _),
        httpx.Client(base_url=address, timeout=30) as client,
        httpx.Client(base_url=beside, timeout=30) as left_alone,
        ThreadPoolExecutor(CLIENTS + 1) as pool,
    ):
        for request in WHOLE:  # what is made once per release is made
            raw.ask(address, request)
        before, done = resident_kib(process), Event()
        probes = pool.submit(probed, client, left_alone, done)
        shares = [pool.submit(abuse, address, number) for number in range(CLIENTS)]
        statuses = [status for share in shares for status in share.result()]
        done.set()
        windows = _medians(probes.result())
        sleep(1.5)  # half-sent requests have ended by now
        after = resident_kib(process)
        assert client.get("/health").status_code == 200
        process.terminate()
        _, log = process.communicate(timeout=20)
    assert {status for status in statuses if status >= 500 or status == 0} == set()
    assert len(windows) > 3
    assert max(abused / idle for abused, idle in windows) < TIMES_IDLE
    assert after < GROWTH * before
    assert log == ""


def _medians(seconds: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of each window, what the abused server took and what the idle one took."""
    return [
        (median(abused), median(idle))
        for start in range(0, len(seconds) - WINDOW + 1, WINDOW)
        for abused, idle in [zip(*seconds[start : start + WINDOW], strict=True)]
    ]
