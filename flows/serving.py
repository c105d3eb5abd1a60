"""Whether a Prefect server is there. Asked before Prefect is imported, which takes seconds."""

from __future__ import annotations

import os
import time
from urllib.parse import urlsplit

import httpx

from flows.job import Progress
from geo.errors import ConfigurationError, PrefectUnreachable

PROBE_SECONDS = 3.0
PAUSE_SECONDS = 2.0
"""Between two questions whether a server is there by now."""
REMINDER_SECONDS = 60.0
"""Between two lines that say that it is not."""

_SETTINGS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
}
"""Prefect would tell its makers that it is used; and a run shows that it lives
(telling/dead_runs.py). Whoever wants it otherwise may set them."""


def require_server() -> None:
    """Asks the server once whether it is there.

    Raises ConfigurationError if none is named, PrefectUnreachable if it does not answer.
    """
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        raise ConfigurationError(
            "there is no Prefect server: `make schedule` starts one and works for it; for one that "
            "runs already, set PREFECT_API_URL; `onemap run` needs none"
        )
    try:
        answer = httpx.get(f"{url.rstrip('/')}/health", timeout=PROBE_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise PrefectUnreachable(_shown(url), str(error) or type(error).__name__) from error
    if answer.is_server_error:
        raise PrefectUnreachable(_shown(url), f"HTTP status {answer.status_code}")
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)


def wait_for_server(say: Progress) -> None:
    """Returns once the server answers; says now and then that it does not.

    Raises ConfigurationError if none is named.
    """
    said_at: float | None = None
    while True:
        try:
            return require_server()
        except PrefectUnreachable as error:
            if said_at is None or time.monotonic() - said_at >= REMINDER_SECONDS:
                say(f"waiting for the Prefect server: {error}")
                said_at = time.monotonic()
        time.sleep(PAUSE_SECONDS)


def _shown(url: str) -> str:
    """The address without a user and a password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
