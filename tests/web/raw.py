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


def status_of(answer: bytes) -> int:
    """The status of an answer; 0 for none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0


def get(path: bytes, *headers: bytes, host: bytes = b"localhost") -> bytes:
    """A GET request that ends its connection."""
    lines = [b"GET " + path + b" HTTP/1.1", b"Host: " + host, b"Connection: close", *headers]
    return b"\r\n".join([*lines, b"", b""])
