"""Downloads come from public addresses, and whole."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from geo.errors import ConfigurationError, FetchFailed
from geo.fetching.http import FetchLimits, TooLarge, fetch

LOCAL = FetchLimits(allow_private=True, timeout_seconds=5, total_seconds=0.2, most_bytes=1000)


class Faulty(BaseHTTPRequestHandler):
    """Each path is one kind of server."""

    def do_GET(self) -> None:
        answer = getattr(self, "answer_" + self.path.strip("/").partition("?")[0])
        answer()

    def answer_whole(self) -> None:
        self._send(b"id,name\n", 8)

    def answer_cut(self) -> None:
        self._send(b"id,", 8)

    def answer_contradicted(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"3\r\nid,\r\n0\r\n\r\n")

    def answer_endless(self) -> None:
        self._send(b"id,", None)

    def answer_large(self) -> None:
        self._send(b"x" * 2000, 2000)

    def answer_unstated(self) -> None:
        self._send(b"x" * 2000, None)

    def answer_drops(self) -> None:
        self._send(b"", 900)
        for _ in range(100):
            self.wfile.write(b"x")
            time.sleep(0.05)

    def answer_nowhere(self) -> None:
        self.send_response(302)
        self.send_header("Location", "http://[")
        self.end_headers()

    def answer_moved(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/whole")
        self.end_headers()

    def answer_loop(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/loop")
        self.end_headers()

    def answer_gone(self) -> None:
        self.send_error(404)

    def _send(self, body: bytes, length: int | None) -> None:
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    faulty = ThreadingHTTPServer(("127.0.0.1", 0), Faulty)
    thread = threading.Thread(target=faulty.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{faulty.server_port}"
    faulty.shutdown()
    faulty.server_close()


def test_the_body_is_written_as_it_came(server: str) -> None:
    for path in ("/whole", "/moved"):
        body = io.BytesIO()
        found = fetch(server + path, body, LOCAL)
        assert body.getvalue() == b"id,name\n"
        assert found.url.endswith("/whole")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/cut", "bytes|peer closed|incomplete"),
        ("/contradicted", "3 of 8 bytes"),
        ("/endless", "where the body ends"),
        ("/drops", "not enough"),
        ("/nowhere", "no address"),
        ("/loop", "redirects"),
        ("/gone", "404"),
    ],
)
def test_what_is_not_whole_is_a_transient_failure(server: str, path: str, reason: str) -> None:
    with pytest.raises(FetchFailed, match=reason):
        fetch(server + path, io.BytesIO(), LOCAL)


@pytest.mark.parametrize(("path", "fetched"), [("/large", 0), ("/unstated", 1000)])
def test_a_body_beyond_the_limit_is_not_fetched(server: str, path: str, fetched: int) -> None:
    body = io.BytesIO()
    with pytest.raises(TooLarge):
        fetch(server + path, body, LOCAL)
    assert len(body.getvalue()) <= fetched


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "0", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]", "[::1]",
     "10.0.0.1", "169.254.169.254", "localhost"],
)  # fmt: skip
def test_no_address_leads_inside(host: str) -> None:
    with pytest.raises((ConfigurationError, FetchFailed), match=r"private network|resolve"):
        fetch(f"http://{host}:80/whole", io.BytesIO())


def test_a_redirect_does_not_lead_inside(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import geo.fetching.http

    hops: list[str] = []

    def resolve(host: str, port: int, limits: FetchLimits) -> str:
        hops.append(host)
        if len(hops) > 1:
            raise ConfigurationError("an address inside a private network")
        return host

    monkeypatch.setattr(geo.fetching.http, "_resolve", resolve)
    with pytest.raises(ConfigurationError):
        fetch(server + "/moved", io.BytesIO(), LOCAL)
    assert len(hops) == 2


def test_other_schemes_are_refused() -> None:
    for url in ("file:///etc/passwd", "ftp://example.org/x", "gopher://x", "http://"):
        with pytest.raises(ConfigurationError):
            fetch(url, io.BytesIO())


def test_secrets_of_an_address_are_not_shown(server: str) -> None:
    secret = server.replace("//", "//user:word@") + "/gone?token=hidden"
    with pytest.raises(FetchFailed) as caught:
        fetch(secret, io.BytesIO(), LOCAL)
    assert "word" not in str(caught.value) and "hidden" not in str(caught.value)
