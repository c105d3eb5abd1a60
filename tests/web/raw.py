"""HTTP as bytes: what no well-bred client would send."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit


def connect(address: str, timeout: float = 10) -> socket.socket:
    """A connection to a server's address."""
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=timeout)


def ask(address: str, request: bytes) -> bytes:
    """Sends bytes, and answers what came until the other side ended the connection."""
    with connect(address) as connection:
        connection.sendall(request)
        return everything(connection)


def everything(connection: socket.socket) -> bytes:
    """What comes until the other side ends the connection, however it does."""
    received = b""
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


def answer(connection: socket.socket) -> bytes:
    """One answer of a connection that stays open: its head, and as much as its length states."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    stated = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < int(stated[0].partition(b":")[2]):
        body += _more(connection)
    return head + b"\r\n\r\n" + body


def _more(connection: socket.socket) -> bytes:
    chunk = connection.recv(65536)
    assert chunk, "the other side ended the connection in the middle of an answer"
    return chunk


def status_of(answer: bytes) -> int:
    """The status of an answer; 0 for none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0


def get(path: bytes, *headers: bytes, host: bytes = b"localhost") -> bytes:
    """A GET request that ends its connection."""
    lines = [b"GET " + path + b" HTTP/1.1", b"Host: " + host, b"Connection: close", *headers]
    return b"\r\n".join([*lines, b"", b""])
