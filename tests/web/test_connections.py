"""A client that does nothing useful holds nothing for long, and shuts nobody out."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import httpx
import pytest

from tests.web import raw
from tests.web.conftest import City, running
from web import connections
from web.connections import Connection

SECONDS = 0.6
WHOLE = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def short(city: City, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a server whose deadlines are short, so that tests need not wait for them."""
    monkeypatch.setattr(connections, "REQUEST_SECONDS", SECONDS)
    monkeypatch.setattr(connections, "STALLED_SECONDS", SECONDS)
    with running(city.settings) as address:
        yield address


def seconds_until_ended(connection: socket.socket, drip: bytes = b"") -> float:
    """How long the server keeps a connection whose client sends a byte of `drip` now and then."""
    began = monotonic()
    connection.settimeout(0.05)
    for byte in [*drip, *[None] * 400]:
        try:
            if byte is not None:
                connection.sendall(bytes([byte]))
            if connection.recv(65536) == b"":
                return monotonic() - began
        except TimeoutError:
            continue
        except OSError:
            return monotonic() - began
    raise AssertionError("the server keeps it")


HALVES = {
    "nothing": b"",
    "a word": b"GET",
    "half a header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ",
    "nothing more": WHOLE,
    "half a second request": WHOLE + b"GET / HT",
    "half a body": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\nx",
    "half a chunk": b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nx",
}


@pytest.mark.parametrize("drip", [b"", b"x" * 200], ids=["silent", "dripping"])
def test_a_half_sent_request_ends(short: str, drip: bytes) -> None:
    def seconds(half: bytes) -> float:
        with raw.connect(short) as connection:
            connection.sendall(half)
            return seconds_until_ended(connection, drip)

    with ThreadPoolExecutor(len(HALVES)) as pool:
        kept = dict(zip(HALVES, pool.map(seconds, HALVES.values()), strict=True))
    assert max(kept.values()) < 10 * SECONDS, kept


def test_a_client_that_uses_its_connection_keeps_it(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 2)
    with running(city.settings) as address, raw.connect(address) as connection:
        for _ in range(4):
            connection.sendall(WHOLE)
            assert raw.status_of(raw.answer(connection)) == 200
            sleep(0.8)


def test_an_answer_that_nobody_takes_ends(
    short: str, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[Connection] = []

    def leave(connection: Connection) -> None:
        really_leave(connection)
        left.append(connection)

    really_leave = Connection.leave
    monkeypatch.setattr(Connection, "leave", leave)
    largest = max(city.folder.rglob("*.*"), key=lambda path: path.stat().st_size)
    path = largest.relative_to(city.folder).as_posix().encode()
    with raw.connect(short) as connection:  # more is asked for than the system keeps between them
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        asked = b"GET /releases/1/" + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
        connection.sendall(asked * (1 + 10_000_000 // largest.stat().st_size))
        until = monotonic() + 20 * SECONDS
        while not left and monotonic() < until:
            sleep(0.05)
    assert [connection.transport.is_closing() for connection in left] == [True]


def test_a_slow_reader_gets_all_of_its_answer(short: str, city: City) -> None:
    largest = max(city.folder.rglob("*.*"), key=lambda path: path.stat().st_size)
    path = largest.relative_to(city.folder).as_posix().encode()
    received = b""
    with raw.connect(short) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.sendall(raw.get(b"/releases/1/" + path))
        while chunk := connection.recv(largest.stat().st_size // 8):
            received += chunk
            sleep(SECONDS / 4)
    assert received.partition(b"\r\n\r\n")[2] == largest.read_bytes()


def test_those_who_wait_make_room_for_those_who_ask(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 20)
    with running(city.settings) as address:
        waiting = [raw.connect(address) for _ in range(60)]
        for connection in waiting:
            connection.sendall(b"GET / HTTP/1.1\r\n")
        assert httpx.get(f"{address}/health").status_code == 200
        ended = sum(_is_ended(connection) for connection in waiting)
        assert ended >= 40
        for connection in waiting:
            connection.close()


def _is_ended(connection: socket.socket) -> bool:
    connection.settimeout(0.01)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 100 + b"\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 70_000,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: b\r\n" * 10_000,
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9" + b"9" * 50 + b"\r\n\r\n",
        WHOLE + b"\x00\x00\r\n\r\n",
        WHOLE + WHOLE + b"nonsense\r\n\r\n",
        b"GET /releases/1/manifest.json HTTP/1.1\r\nHost: localhost\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n1\r\nxzz\r\n",
    ],
)
def test_what_is_no_http_is_no_error_of_the_server(
    address: str, capfd: pytest.CaptureFixture[str], nonsense: bytes
) -> None:
    with raw.connect(address) as connection:
        connection.sendall(nonsense)
        connection.shutdown(socket.SHUT_WR)
        answer = raw.everything(connection)
    assert b"HTTP/1.1 5" not in answer
    assert httpx.get(f"{address}/health").status_code == 200
    assert capfd.readouterr().err == ""
