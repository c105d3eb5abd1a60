"""One pointer for all doors: moved by what the database tells, never back, one at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Any

import httpx
import psycopg
import pytest

from geo.settings import Settings
from server import cluster as private_cluster
from server import dumping
from tests.web.conftest import City, running
from tests.web.small_city import city_view
from web import pointer
from web.pointer import Position
from web.settings import WebSettings

SHORT = 5.0
"""Seconds within which what is told arrives; with luck alone it would take `BEAT_SECONDS`."""
PARKS = "/api/collections/parks/items?limit=1000"


@dataclass(frozen=True)
class Moving:
    """A map whose release n has n parks, on its way through the releases."""

    owner_url: str
    settings: WebSettings
    manifest: dict[str, Any]

    def publish(self, number: int) -> None:
        """Release `number`: its files first, then its one new park, seen as the pointer moves."""
        layers = [
            layer | {"features": number} if layer["id"] == "parks" else layer
            for layer in self.manifest["layers"]
        ]
        folder = self.settings.releases / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        told = self.manifest | {"release": number, "layers": layers}
        (folder / "manifest.json").write_text(json.dumps(told), "utf-8")
        with psycopg.connect(self.owner_url) as connection:
            connection.execute(PARK, {"number": number})
            connection.execute("call meta.publish(%s, clock_timestamp(), '{}')", [number])

    def execute(self, statement: str, role: str = "onemap") -> None:
        """One statement of a role's."""
        url = self.owner_url.replace("onemap@", f"{role}@")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())


PARK = """
with begun as (
    insert into meta.run (source_id, layer_id, outcome, target_release, finished_at, fetched_at,
        snapshot_sha256, rows_in, rows_published, rows_quarantined, rows_filtered, rows_at_area)
    values ('bangkok_parks', 'parks', 'accepted', %(number)s, now(), now(), repeat('0', 64),
        %(number)s, %(number)s, 0, 0, 0)
    returning run_id
)
insert into core.parks (feature_id, source_id, source_key, source_row, run_id, content_hash,
    location_precision, geom, release_from, name_th)
select gen_random_uuid(), 'bangkok_parks', %(number)s, %(number)s, run_id, decode(repeat('00', 16),
    'hex'), 'exact', st_setsrid(st_makepoint(100.5, 13.75), 4326), %(number)s, 'สวน'
from begun
"""


@pytest.fixture
def moving(city: City, database: Callable[..., str], tmp_path: Path) -> Moving:
    """The map with its first release."""
    view = city_view()
    url = database("moving", view=view)
    web = database("moving", role="onemap_web", view=view)
    moving = Moving(url, WebSettings("test", web, tmp_path), city.manifest)
    moving.publish(1)
    return moving


@pytest.fixture
def served(moving: Moving, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """Its server, which has answered once, and hears what happens; it looks for nothing itself."""
    monkeypatch.setattr(pointer, "BEAT_SECONDS", 600.0)
    with running(moving.settings) as address, httpx.Client(base_url=address, timeout=30) as client:
        assert release_of(client) == 1
        yield client


def release_of(client: httpx.Client) -> int:
    """The release of the next answer."""
    number: int = client.get("/manifest.json").json()["release"]
    return number


def arrives(client: httpx.Client, number: int) -> bool:
    """Whether the release is answered within short."""
    until = monotonic() + SHORT
    while release_of(client) != number:
        if monotonic() > until:
            return False
        sleep(0.01)
    return True


def lose_sessions(moving: Moving) -> None:
    """The server ends what the web has open, as one does that restarts."""
    moving.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where usename = 'onemap_web' and datname = current_database()",
        "postgres",
    )


def test_no_request_asks_which_release_it_is(
    served: httpx.Client, moving: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    read = pointer._read

    async def counted(session: Any) -> Position:
        asked.append(session)
        return await read(session)

    monkeypatch.setattr(pointer, "_read", counted)
    for path in ("/manifest.json", "/", "/releases/1", "/api/", PARKS) * 20:
        assert served.get(path, headers={"Cache-Control": "no-cache"}).status_code == 200, path
    assert asked == []
    moving.publish(2)
    assert arrives(served, 2)
    assert len(asked) == 1
    assert served.get("/health").json()["release"] == 2
    assert len(asked) == 2, "whether the database answers is asked of the database"


def test_a_publication_is_answered_at_once_by_every_door(
    served: httpx.Client, moving: Moving
) -> None:
    for number in (2, 3, 4):
        moving.publish(number)
        assert arrives(served, number)
        page = served.get(PARKS)
        assert page.headers["etag"].startswith(f'W/"{number}-')
        assert page.json()["numberMatched"] == page.json()["numberReturned"] == number
        assert served.get("/releases/current").json()["release"] == number


def test_what_is_told_late_or_wrong_moves_nothing(served: httpx.Client, moving: Moving) -> None:
    moving.publish(2)
    assert arrives(served, 2)
    moving.execute("notify onemap_pointer, '1'", "onemap_web")
    moving.execute("notify onemap_pointer, '99'", "onemap_planner")
    moving.execute("update meta.pointer set release = 1; notify onemap_pointer")
    sleep(0.3)
    assert release_of(served) == 2
    moving.execute("update meta.pointer set release = 2")
    moving.publish(3)
    assert arrives(served, 3)


@pytest.mark.parametrize(
    ("found", "news"),
    [((2, 10), False), ((1, 10), False), ((3, 10), True), ((1, 11), True), ((0, None), True)],
)
def test_within_one_register_the_pointer_goes_forward_alone(
    found: tuple[int, int | None], news: bool
) -> None:
    assert Position(*found).follows(Position(2, 10)) is news
    assert Position(*found).follows(None)


def test_a_session_that_is_lost_is_asked_for_anew_and_hears_again(
    served: httpx.Client, moving: Moving
) -> None:
    moving.execute("revoke connect on database onemap_moving from onemap_web", "postgres")
    lose_sessions(moving)
    moving.publish(2)
    assert release_of(served) == 1, "the last release stays up"
    assert served.get("/health").status_code == 503
    moving.execute("grant connect on database onemap_moving to onemap_web", "postgres")
    assert release_of(served) == 2, "the next request asks by itself"
    moving.publish(3)
    assert arrives(served, 3), "and what comes then is heard of"


def test_nobody_need_come_for_a_lost_session_to_be_replaced(
    served: httpx.Client, moving: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Event()
    connect = pointer.connect

    async def noted(url: str) -> Any:
        session = await connect(url)
        opened.set()
        return session

    monkeypatch.setattr(pointer, "connect", noted)
    lose_sessions(moving)
    assert opened.wait(SHORT)
    moving.publish(2)
    assert arrives(served, 2)


def test_a_pointer_that_moved_without_a_word_is_found_by_looking(
    moving: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind a pooler that swallows what the server tells."""
    monkeypatch.setattr(pointer, "BEAT_SECONDS", 0.2)
    monkeypatch.setattr(pointer, "CHANNEL", "nobody_tells")
    with running(moving.settings) as address, httpx.Client(base_url=address) as client:
        assert release_of(client) == 1
        moving.publish(2)
        assert arrives(client, 2)


def test_a_restored_map_begins_where_its_backup_ends(
    served: httpx.Client, moving: Moving, tmp_path: Path
) -> None:
    """In place, and under the eyes of the session that listens: release 1 comes after 3."""
    with psycopg.connect(moving.owner_url) as connection:
        connection.execute("set transaction isolation level repeatable read")
        found = connection.execute("select pg_export_snapshot()").fetchone()
        assert found is not None
        tools = dumping.programs(connection.info.server_version // 10_000)
        dumps = dumping.dump(moving.owner_url, found[0], tmp_path, tools)
    for number in (2, 3):
        moving.publish(number)
    assert arrives(served, 3)
    dumping.load(moving.owner_url, dumps, tools)
    assert arrives(served, 1)
    page = served.get(PARKS).json()
    assert page["numberMatched"] == page["numberReturned"] == 1


def test_no_answer_is_of_two_releases(served: httpx.Client, moving: Moving) -> None:
    """Pages of features are asked for while releases come: tag, count and rows are of one."""
    done = Event()

    def pages(_: int) -> list[tuple[int, int, int]]:
        seen = []
        while not done.is_set():
            page = served.get(PARKS)
            assert page.status_code == 200, page.text
            body, tag = page.json(), page.headers["etag"]
            number = int(tag.removeprefix('W/"').partition("-")[0])
            seen.append((number, body["numberMatched"], len(body["features"])))
        return seen

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(pages, client) for client in range(4)]
        for number in range(2, 12):
            moving.publish(number)
            sleep(0.05)
        assert arrives(served, 11)
        done.set()
        seen = [page for answers in asked for page in answers.result()]
    assert len({number for number, _, _ in seen}) > 1
    assert [page for page in seen if len(set(page)) > 1] == []


def test_rows_of_another_release_are_not_answered_while_nobody_has_told(
    served: httpx.Client, moving: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pointer has moved, and the process does not know: the snapshot itself says so."""
    monkeypatch.setattr(Position, "follows", lambda *_: False)
    moving.publish(2)
    answer = served.get(PARKS)
    assert (answer.status_code, answer.json()["code"]) == (503, "ReleaseMoved")
    monkeypatch.undo()
    assert len(served.get(PARKS).json()["features"]) == 2


def test_a_layer_is_counted_by_its_manifest_and_a_selection_by_the_database(
    served: httpx.Client, moving: Moving
) -> None:
    path = moving.settings.releases / "1" / "manifest.json"
    told = json.loads(path.read_text("utf-8"))
    (parks,) = (layer for layer in told["layers"] if layer["id"] == "parks")
    parks["features"] = 1_234  # nobody could count so many
    path.write_text(json.dumps(told), "utf-8")
    assert served.get(PARKS).json()["numberMatched"] == 1_234
    assert served.get(f"{PARKS}&offset=1").json()["numberMatched"] == 1_234
    assert served.get(f"{PARKS}&bbox=100,13,101,14").json()["numberMatched"] == 1
    assert served.get(f"{PARKS}&name_th=X").json()["numberMatched"] == 0


def test_a_server_that_restarts_is_followed_again(
    cluster: Settings, moving: Moving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server of its own, stopped and started under the application."""
    monkeypatch.setattr(pointer, "BEAT_SECONDS", 600.0)
    own = replace(cluster, home=tmp_path / "own")
    (tmp_path / "own").mkdir()
    url = private_cluster.ensure_database(own, "moving")
    try:
        settings = replace(
            moving.settings, database_url=private_cluster.url(own, "moving", "onemap_web")
        )
        with psycopg.connect(url) as connection:
            connection.execute(REGISTER)
        with running(settings) as address, httpx.Client(base_url=address, timeout=30) as client:
            assert release_of(client) == 1
            private_cluster.stop(own)
            assert client.get("/health").status_code == 503
            assert release_of(client) == 1
            private_cluster.start(own)
            assert client.get("/health").json()["status"] == "ok"
            moving.publish(2)  # the files
            with psycopg.connect(url) as connection:
                connection.execute("update meta.pointer set release = 2; notify onemap_pointer")
            assert arrives(client, 2)
    finally:
        private_cluster.reset(own, confirmed=True)


REGISTER = """
create schema meta;
create schema web;
create table meta.pointer as select 1 as release;
create view web.release as select release, now() as published_at from meta.pointer;
grant usage on schema web to onemap_web;
grant select on web.release to onemap_web
"""
