"""Clients of the API that take all it has, and a tile beside them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from statistics import median
from threading import Event
from time import monotonic, sleep

import httpx
import psycopg
import pytest

from tests.web.conftest import City
from tests.web.test_abuse import serving

CLIENTS = 8
TILE = "/tiles/10/797/472.mvt"
FILE = "/releases/1/manifest.json"
PAGE = "/api/collections/subdistricts/items?limit=1000"
PROBES = 50
TIMES_IDLE = 3
"""A tile beside eight clients takes at most so many times as long as on a server beside it that
nobody else asks. In one loop with the API it was 4 times for a tile, and 21 for a file."""


@contextmanager
def asking(address: str, page: str) -> Iterator[list[int]]:
    """Eight clients that ask for pages, one after the other; answers the statuses that came."""
    done, statuses = Event(), []

    def ask() -> None:
        with httpx.Client(base_url=address, timeout=60) as client:
            while not done.is_set():
                statuses.append(client.get(page).status_code)

    with ThreadPoolExecutor(CLIENTS) as pool:
        for _ in range(CLIENTS):
            pool.submit(ask)
        try:
            yield statuses
        finally:
            done.set()


def seconds_of(client: httpx.Client, path: str) -> float:
    began = monotonic()
    assert client.get(path).status_code == 200
    return monotonic() - began


@pytest.fixture(scope="module")
def two(city: City) -> Iterator[tuple[str, httpx.Client, httpx.Client]]:
    """Address and client of a server that is asked for much, and a client of one that is not."""
    with ExitStack() as opened:
        addresses = [opened.enter_context(serving(city))[0] for _ in range(2)]
        clients = [
            opened.enter_context(httpx.Client(base_url=address, timeout=60))
            for address in addresses
        ]
        for client in clients:  # what is made once per release is made
            for path in (TILE, FILE, PAGE):
                assert client.get(path).status_code == 200
        yield addresses[0], *clients


def times_idle(busy: httpx.Client, idle: httpx.Client, path: str) -> float:
    """How many times as long the busy server takes; both are asked in turn."""
    seconds = []
    for _ in range(PROBES):
        seconds.append((seconds_of(busy, path), seconds_of(idle, path)))
        sleep(0.002)
    slow, quick = (median(column) for column in zip(*seconds, strict=True))
    return slow / quick


def test_eight_clients_who_wait_for_the_database_delay_no_tile(
    city: City, two: tuple[str, httpx.Client, httpx.Client]
) -> None:
    """A table that is locked stands for a query that takes its time, as a deep offset does."""
    address, busy, idle = two
    with psycopg.connect(city.owner_url) as owner, asking(address, PAGE) as statuses:
        owner.execute("lock table core.subdistricts in access exclusive mode")
        sleep(0.5)
        assert times_idle(busy, idle, TILE) < TIMES_IDLE
        assert statuses == [], "they waited all the while"
        owner.rollback()
    assert set(statuses) == {200}


@pytest.mark.slow
def test_eight_clients_who_are_answered_large_pages_delay_no_tile(
    two: tuple[str, httpx.Client, httpx.Client],
) -> None:
    address, busy, idle = two
    with asking(address, PAGE) as statuses:
        sleep(0.5)
        for path in (TILE, FILE):
            assert times_idle(busy, idle, path) < TIMES_IDLE
    assert set(statuses) == {200}
    assert len(statuses) > CLIENTS
