"""Whether Prefect's server is there; it is waited for, with a line now and then."""

from __future__ import annotations

import os

import httpx
import pytest

from flows import serving
from geo.errors import ConfigurationError

ADDRESS = "http://user:secret@127.0.0.1:4200/api"


class Clock:
    """Time that passes where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(serving, "time", clock)
    monkeypatch.setenv("PREFECT_API_URL", ADDRESS)
    for name in ("DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return clock


def test_a_server_that_is_not_there_yet_is_waited_for(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def health(*_: object, **__: object) -> httpx.Response:
        if clock.now < 50:
            raise httpx.ConnectError("refused")
        return httpx.Response(503 if clock.now < 130 else 200)

    monkeypatch.setattr(httpx, "get", health)
    said: list[str] = []
    serving.wait_for_server(said.append)
    assert clock.now >= 130
    assert len(said) == 3, "at once, and each minute"
    assert all(words.startswith("waiting for the Prefect server") for words in said)
    assert "refused" in said[0] and "503" in said[1]
    assert not any("secret" in words for words in said)
    assert os.environ["DO_NOT_TRACK"] == "1", "before Prefect is imported"


def test_a_server_that_is_not_named_is_not_waited_for(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL")
    with pytest.raises(ConfigurationError, match="make schedule"):
        serving.wait_for_server(print)
