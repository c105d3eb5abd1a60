"""What is no text, and no plain HTTP request, is refused before anything is made of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.web import raw
from web.admission import Admission, is_text

PATHS = [
    b"/search?q=%s",
    b"/search?q=a&limit=%s",
    b"/search?%s=a",
    b"/unplaced?area=%s",
    b"/viewer/%s",
    b"/vendor/fonts/%s",
    b"/releases/current/%s",
    b"/places/parks/%s",
    b"/places/%s/00000000-0000-0000-0000-000000000000",
    b"/tiles/%s/0/0.mvt",
    b"/api/collections/%s/items",
    b"/api/collections/parks/items/%s",
    b"/api/collections/parks/items?name_th=%s",
    b"/api/collections/parks/items?area_m2=%s",
    b"/api/collections/parks/items?bbox=%s",
    b"/api/collections/parks/items?sortby=%s",
]
# NUL, other controls (also those above ASCII), and what UTF-8 cannot mean: a surrogate, a lone byte
VALUES = [b"%00", b"a%00b", b"%01", b"%0d%0aX", b"%1b", b"%7f", b"%c2%9b", b"%ed%a0%80", b"%ff"]


@pytest.mark.parametrize("path", PATHS)
def test_a_control_character_or_a_surrogate_is_a_bad_request(address: str, path: bytes) -> None:
    for value in VALUES:
        answer = raw.ask(address, raw.get(path % value))
        assert raw.status_of(answer) == 400, (path, value, answer)
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "InvalidRequest"


@pytest.mark.parametrize(
    "value", [b"a\x00b", b"\x01", b"a\x1bb", b"\x7f", b"\xed\xa0\x80", b"\xff"]
)
@pytest.mark.parametrize(
    "header", [b"If-None-Match", b"Range", b"Accept-Encoding", b"Origin", b"User-Agent"]
)
def test_in_a_header_it_is_a_bad_request_too(address: str, header: bytes, value: bytes) -> None:
    for path in (b"/manifest.json", b"/api/collections/parks/items", b"/viewer/icon.svg"):
        answer = raw.ask(address, raw.get(path, header + b": " + value))
        assert raw.status_of(answer) == 400, answer


@pytest.mark.parametrize(
    "encoded", [b"%E0%B8%AA%E0%B8%A7%E0%B8%99", b"a%20b", b"100%", b"%2500", b"%F0%9F%99%82", b""]
)
def test_thai_and_signs_are_text(encoded: bytes) -> None:
    assert is_text(encoded)


def test_thai_in_a_header_is_text(address: str) -> None:
    header = "User-Agent: แผนที่\tกทม".encode()
    assert raw.status_of(raw.ask(address, raw.get(b"/health", header))) == 200


def test_a_websocket_is_refused_with_a_sentence(address: str) -> None:
    upgrade = (
        b"Connection: Upgrade",
        b"Upgrade: WebSocket",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    )
    for path in (b"/", b"/health", b"/api/", b"/tiles/10/797/472.mvt"):
        answer = raw.ask(address, raw.get(path, *upgrade))
        assert raw.status_of(answer) == 400
        assert b"no WebSocket" in answer


def test_another_upgrade_is_not_taken_and_the_request_is_answered(address: str) -> None:
    offer = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk")
    assert raw.status_of(raw.ask(address, raw.get(b"/health", *offer))) == 200


def test_a_server_that_speaks_websocket_is_told_to_close_it() -> None:
    sent: list[Any] = []

    async def unreached(*_arguments: Any) -> None:
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Admission(unreached)({"type": "websocket", "path": "/"}, unreached, send))
    assert [message["type"] for message in sent] == ["websocket.close"]
