"""Fetches the bytes of a URL, from public addresses only, and completely or not at all."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urljoin, urlsplit

from geo.errors import ConfigurationError, FetchFailed, FetchIncomplete
from geo.settings import MAX_DELIVERY

if TYPE_CHECKING:
    import httpx

_MOST_REDIRECTS = 5


@dataclass(frozen=True)
class FetchLimits:
    """Bounds on one delivery. Private addresses are open to tests on localhost alone.

    `timeout_seconds` is for each wait, `total_seconds` for a body that comes drop by drop.
    """

    most_bytes: int = MAX_DELIVERY
    timeout_seconds: float = 60
    total_seconds: float = 3600
    allow_private: bool = False


@dataclass(frozen=True)
class Fetched:
    """What a download was: the final address and the headers that tell its version."""

    url: str
    etag: str | None
    last_modified: str | None


class TooLarge(Exception):
    """A delivery has, or says that it has, more bytes than the limits allow."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


def fetch(url: str, target: BinaryIO, limits: FetchLimits | None = None) -> Fetched:
    """Writes the body of `url` into `target`.

    Each hop's host is resolved once, must be a public address, and is connected to at that very
    address, so that neither a redirect nor a changing DNS answer leads inside.

    Raises ConfigurationError for an address that may not be fetched, FetchFailed for one that
    does not answer, FetchIncomplete for one that does not deliver the whole body, TooLarge for a
    body beyond `limits`, before it is fetched if the server states its length.
    """
    limits = limits or FetchLimits()
    for _ in range(_MOST_REDIRECTS + 1):
        with _open(url, limits) as response:
            if response.is_redirect:
                url = _next(url, response.headers["location"])
                continue
            if response.status_code != HTTPStatus.OK:
                raise FetchFailed(_shown(url), f"HTTP status {response.status_code}")
            _copy(url, response, target, limits)
            headers = response.headers
            return Fetched(_shown(url), headers.get("etag"), headers.get("last-modified"))
    raise FetchFailed(_shown(url), f"more than {_MOST_REDIRECTS} redirects")


def _next(url: str, location: str) -> str:
    """Where a server sends us on to; it may say anything."""
    try:
        onward = urljoin(url, location)
        _ = urlsplit(onward).port
    except ValueError as error:
        raise FetchFailed(_shown(url), f"it redirects to no address ({error})") from error
    return onward


@contextmanager
def _open(url: str, limits: FetchLimits) -> Iterator[httpx.Response]:
    import httpx  # where something is fetched

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"{_shown(url)} is no http(s) address; correct `location`")
    address = _resolve(
        parts.hostname, parts.port or (443 if parts.scheme == "https" else 80), limits
    )
    pinned = httpx.URL(url).copy_with(host=address)
    headers = {
        "Host": parts.netloc.rpartition("@")[2],
        "User-Agent": "onemap",
        "Accept-Encoding": "identity",
    }
    try:
        with (
            httpx.Client(timeout=limits.timeout_seconds, trust_env=False) as client,
            client.stream(
                "GET", pinned, headers=headers, extensions={"sni_hostname": parts.hostname}
            ) as response,
        ):
            yield response
    except httpx.HTTPError as error:
        raise FetchFailed(_shown(url), str(error) or type(error).__name__) from error


def _resolve(host: str, port: int, limits: FetchLimits) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise FetchFailed(host, f"the name does not resolve ({error.strerror})") from error
    address = str(found[0][4][0])
    if not limits.allow_private and not ipaddress.ip_address(address).is_global:
        raise ConfigurationError(
            f"{host} is {address}, an address inside a private network; it is not fetched. "
            "Give a public address, or deliver the file as a drop"
        )
    return address


def _copy(url: str, response: httpx.Response, target: BinaryIO, limits: FetchLimits) -> None:
    """Counts raw bytes: an HTTP library believes chunks even where another length is stated."""
    from httpx import HTTPError

    stated = response.headers.get("content-length")
    if stated is not None and int(stated) > limits.most_bytes:
        raise TooLarge(int(stated))
    received = 0
    latest = time.monotonic() + limits.total_seconds
    try:
        for chunk in response.iter_raw():
            received += len(chunk)
            if received > limits.most_bytes:
                raise TooLarge(received)
            if time.monotonic() > latest:
                raise FetchIncomplete(_shown(url), f"{limits.total_seconds:.0f} s were not enough")
            target.write(chunk)
    except HTTPError as error:
        raise FetchIncomplete(_shown(url), str(error) or type(error).__name__) from error
    if stated is not None and received != int(stated):
        raise FetchIncomplete(_shown(url), f"{received} of {stated} bytes came")
    if stated is None and response.headers.get("transfer-encoding", "").lower() != "chunked":
        raise FetchIncomplete(_shown(url), "the server does not say where the body ends")


def _shown(url: str) -> str:
    """The address without what may be secret: user, password, query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
