"""Links lead to the map's own address, whatever a stranger writes into a request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.web import raw
from tests.web.conftest import City, running

PUBLIC = "https://map.example.go.th"
DOCUMENTS = [
    "/style.json",
    "/tiles.json",
    "/api/",
    "/api/collections",
    "/api/collections/parks",
    "/api/collections/parks/queryables",
    "/api/collections/parks/items?limit=2",
]
FORWARDED = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Prefix": "/evil",
    "X-Original-Url": "/evil",
    "X-Script-Name": "/evil",
    "Forwarded": "host=evil.example;proto=gopher",
    "Referer": "https://evil.example/",
}
FOREIGN = [
    b"evil.example",
    b"evil.example:8000",
    b"localhost.evil.example",
    b"localhost@evil.example",
    b"127.0.0.1.evil.example",
    b"203.0.113.7",
    b"0.0.0.0",
    b"[2001:db8::1]",
    b"localhost:80:80",
    b"localhost/evil",
    b'x"},"layers":[]',
    b"localhost:999999",
    b"",
]


@pytest.fixture(scope="module")
def public(city: City) -> Iterator[str]:
    """Address on this machine of a server that knows its public one."""
    with running(replace(city.settings, public_url=PUBLIC)) as address:
        yield address


def addresses_in(node: Any) -> Iterator[str]:
    """Every absolute address in a document."""
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from addresses_in(part)
    elif isinstance(node, str) and "://" in node:
        yield node.removeprefix("pmtiles://")


def test_the_description_of_the_api_leads_to_where_it_was_read(public: str) -> None:
    answer = httpx.get(f"{public}/api/openapi.json", headers=FORWARDED)
    assert answer.json()["servers"] == [{"url": "/api"}]
    assert "evil" not in answer.text


def is_a_standards(address: str) -> bool:
    known = ("http://www.opengis.net/", "https://geojson.org/", "https://json-schema.org/")
    return address.startswith(known)


def links_of(address: str, path: str, headers: dict[str, str]) -> list[str]:
    answer = httpx.get(f"{address}{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    found = [link for link in addresses_in(answer.json()) if not is_a_standards(link)]
    assert found
    return found


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost", "map.example.go.th"])
def test_with_a_public_address_every_link_is_made_from_it(
    public: str, path: str, host: str
) -> None:
    for link in links_of(public, path, {"Host": host, **FORWARDED}):
        assert link.startswith(f"{PUBLIC}/"), link


@pytest.mark.parametrize("path", DOCUMENTS)
def test_without_one_links_lead_to_where_this_machine_was_asked(address: str, path: str) -> None:
    for link in links_of(address, path, FORWARDED):
        assert link.startswith(f"{address}/"), link


@pytest.mark.parametrize("path", [*DOCUMENTS, "/", "/health", "/nothing", "/manifest.json"])
def test_a_foreign_host_is_refused_and_not_repeated(address: str, public: str, path: str) -> None:
    for server in (address, public):
        for host in FOREIGN:
            answer = raw.ask(server, raw.get(path.encode(), host=host))
            assert raw.status_of(answer) == 400, (host, answer)
            assert b"evil" not in answer
            assert b"HostNotServed" in answer


@pytest.mark.parametrize(
    "host",
    [b"localhost", b"LOCALHOST:9000", b"localhost.", b"127.0.0.1", b"127.9.9.9:1", b"[::1]:80"],
)
def test_the_names_of_this_machine_are_served(address: str, host: bytes) -> None:
    assert raw.status_of(raw.ask(address, raw.get(b"/tiles.json", host=host))) == 200


def test_the_address_that_it_listens_at_is_served(city: City) -> None:
    with running(replace(city.settings, host="localhost")) as address:
        assert httpx.get(f"{address}/health").status_code == 200


def test_two_hosts_are_none(address: str) -> None:
    answer = raw.ask(address, raw.get(b"/tiles.json", b"Host: evil.example"))
    assert raw.status_of(answer) == 400


def test_no_host_at_all_leads_to_the_address_that_was_asked(address: str) -> None:
    answer = raw.ask(address, b"GET /tiles.json HTTP/1.0\r\n\r\n")
    document = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert document["tiles"][0].startswith(f"{address}/tiles/")


def test_a_whole_address_in_the_request_line_changes_no_link(address: str) -> None:
    answer = raw.ask(address, raw.get(b"http://evil.example/tiles.json"))
    assert b"evil" not in answer.partition(b"\r\n\r\n")[2]
    answer = raw.ask(address, raw.get(b"//evil.example/api"))
    assert b"evil" not in answer.partition(b"\r\n\r\n")[0]


def test_a_slash_too_many_leads_to_the_public_address(public: str) -> None:
    answer = httpx.get(f"{public}/manifest.json/", headers={"Host": "127.0.0.1"})
    assert (answer.status_code, answer.headers["location"]) == (307, f"{PUBLIC}/manifest.json")
