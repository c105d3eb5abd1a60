"""Rows on their way in: nobody meets them, and they are gone however their run ends."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import text

from geo.errors import DatabaseBusy, StepTimeout
from geo.load import load_staged
from geo.states import Deciding, Loaded, Snapshot, Validated, Verdict
from geo.store import lease, runs
from geo.store.database import connect, transaction
from geo.store.staging import Stage, staging
from tests.db.conftest import Row, TestMap, delivery
from tests.db.test_load import publish, rows

PARKS = [Row("1", 100.49, 13.75), Row("2", 100.51, 13.75)]
STAGED = "select count(*) from pg_class where relname in ('arriving', 'ending')"
ACCEPTED = Verdict("accepted", None, {})


@contextmanager
def run_of(city: TestMap, layer: str) -> Iterator[tuple[Stage, Any]]:
    """A run of a layer's first source that has begun to stage; (stage, token)."""
    source = city.source_of(layer)
    taken = Snapshot(source.id, "0" * 64, (), datetime.now(UTC))
    with lease.hold(city.engine, [layer], wait_seconds=5) as token:
        run_id = runs.begin(city.engine, source, taken, Deciding({}))
        with staging(city.engine, city.view.layer(layer), source, run_id) as stage:
            yield stage, token


def add(stage: Stage, delivered: Validated) -> None:
    for batch in delivered.accepted.batches():
        stage.add(pa.Table.from_batches([batch]))


def end_sessions_with_stages(city: TestMap) -> None:
    """As an administrator does, or a server that stops."""
    query = """
        select pg_terminate_backend(a.pid) from pg_stat_activity a
        where a.datname = current_database() and a.query like '%copy%arriving%'
    """
    with transaction(city.engine) as connection:
        assert connection.scalars(text(query)).all() == [True]


def wait_until_nothing_is_staged(city: TestMap) -> None:
    deadline = time.monotonic() + 10
    while rows(city, STAGED) != [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_two_runs_on_two_layers_do_not_meet(city: TestMap) -> None:
    """Both stage, then both load: neither waits for the other, or sees what it brought."""
    meeting = threading.Barrier(2, timeout=30)
    loaded: dict[str, Loaded] = {}

    def take_in(layer: str, rows: list[Row]) -> None:
        delivered = delivery(rows, city.view.layer(layer))
        with run_of(city, layer) as (stage, token):
            add(stage, delivered)
            meeting.wait()
            loaded[layer] = load_staged(stage, delivered, ACCEPTED, token)

    given = {"parks": PARKS, "hospitals": [Row("h", 100.49, 13.75)]}
    threads = [threading.Thread(target=take_in, args=one) for one in given.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {layer: one.added for layer, one in loaded.items()} == {"parks": 2, "hospitals": 1}
    assert rows(city, "select source_key from core.hospitals") == [("h",)]


def test_a_delivery_in_many_parts_is_one_delivery(city: TestMap) -> None:
    many = [Row(str(n), 100.49, 13.75) for n in range(40)]
    city.load("parks", many)
    publish(city, 1)
    changed = [replace(many[0], name="ใหม่"), *many[1:38], Row("new", 100.49, 13.75)]
    delivered = delivery(changed, city.view.layer("parks"))
    with run_of(city, "parks") as (stage, token):
        whole = delivered.accepted.table()
        for start in range(0, len(changed), 7):
            stage.add(whole.slice(start, 7))
        loaded = load_staged(stage, delivered, ACCEPTED, token)
    assert (loaded.added, loaded.changed, loaded.removed) == (1, 1, 2)
    assert rows(city, "select count(*) from core.parks where release_to is null") == [(39,)]
    assert rows(city, "select count(*) from core.parks") == [(42,)], "what stands did not travel"


def test_what_is_staged_is_of_its_session_and_not_logged(city: TestMap) -> None:
    with run_of(city, "parks") as (stage, _):
        add(stage, delivery(PARKS, city.view.layer("parks")))
        stage.known()  # all that was added is there
        found = "select relpersistence from pg_class where relname in ('arriving', 'ending')"
        assert rows(city, found) == [("t",), ("t",)]
        with pytest.raises(Exception, match="does not exist"):
            rows(city, "select * from arriving")
    wait_until_nothing_is_staged(city)


def test_a_run_that_is_killed_leaves_nothing_staged(city: TestMap) -> None:
    """kill -9 between the copy and the load."""
    heard, told = os.pipe()
    child = os.fork()
    if not child:
        city.engine.dispose(close=False)  # what is the parent's stays the parent's
        with run_of(city, "parks") as (stage, _):
            add(stage, delivery(PARKS, city.view.layer("parks")))
            stage.known()
            os.write(told, b"staged")
            time.sleep(60)
    try:
        assert os.read(heard, 6) == b"staged"
        assert rows(city, STAGED) == [(2,)]
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    wait_until_nothing_is_staged(city)
    assert rows(city, "select count(*) from core.parks") == [(0,)]
    assert city.load("parks", PARKS).added == 2


@pytest.mark.parametrize("parts", [1, 5], ids="parts{}".format)
def test_what_goes_wrong_in_the_copying_thread_is_raised(city: TestMap, parts: int) -> None:
    """Bytes that are no geometry; nothing of the delivery is loaded, also not what came before."""
    delivered = delivery(PARKS, city.view.layer("parks"))
    whole = delivered.accepted.table()
    broken = whole.set_column(
        whole.schema.get_field_index("geom"), "geom", pa.array([b"no"] * 2, pa.binary())
    )

    def take_in() -> None:
        with run_of(city, "parks") as (stage, token):
            stage.add(whole.slice(0, 1))
            for _ in range(parts):
                stage.add(broken)
            load_staged(stage, delivered, ACCEPTED, token)

    with pytest.raises(Exception, match="COPY arriving"):
        take_in()
    assert rows(city, "select count(*) from core.parks") == [(0,)]
    assert city.load("parks", PARKS).added == 2


def test_a_session_that_ends_in_between_is_worth_another_try(city: TestMap) -> None:
    """A server that starts anew has forgotten the stage; it is a service that was away."""
    delivered = delivery(PARKS, city.view.layer("parks"))

    def take_in() -> None:
        with run_of(city, "parks") as (stage, token):
            add(stage, delivered)
            stage._copying.settle()
            end_sessions_with_stages(city)
            load_staged(stage, delivered, ACCEPTED, token)

    with pytest.raises(DatabaseBusy):
        take_in()
    assert rows(city, "select count(*) from core.parks") == [(0,)]
    assert city.load("parks", PARKS).added == 2


@pytest.mark.parametrize("error", [KeyboardInterrupt(), StepTimeout("load", 1)], ids=repr)
def test_a_run_that_is_interrupted_leaves_nothing(city: TestMap, error: BaseException) -> None:
    def take_in() -> None:
        with run_of(city, "parks") as (stage, _):
            add(stage, delivery(PARKS, city.view.layer("parks")))
            raise error

    with pytest.raises(type(error)):
        take_in()
    wait_until_nothing_is_staged(city)
    assert rows(city, "select count(*) from core.parks") == [(0,)]
    assert not [one for one in threading.enumerate() if "ThreadPoolExecutor" in one.name]


def test_a_map_that_changed_since_it_was_compared_is_compared_again(city: TestMap) -> None:
    """Whoever writes without the lease is found out, and the load is tried anew."""
    city.load("parks", PARKS)
    publish(city, 1)
    delivered = delivery(PARKS[:1], city.view.layer("parks"))

    def take_in() -> None:
        with run_of(city, "parks") as (stage, token):
            add(stage, delivered)
            with transaction(city.engine) as connection:
                gone = "update core.parks set release_to = 9 where source_key = '2'"
                connection.execute(text(gone))
            load_staged(stage, delivered, ACCEPTED, token)

    with pytest.raises(DatabaseBusy, match="compared"):
        take_in()
    with connect(city.engine) as connection:
        assert connection.scalar(text("select count(*) from meta.run where outcome = 'accepted'"))


def test_the_planner_knows_what_a_load_brought(city: TestMap) -> None:
    """At once, and not when autovacuum gets there; what is little tells it nothing new."""
    known = """
        select n_distinct from pg_stats
        where schemaname = 'core' and tablename = 'parks' and attname = 'release_from'
    """
    many = [Row(str(n), 100.49, 13.75) for n in range(200)]
    renamed = [replace(row, name="ใหม่") for row in many]
    for release, given in enumerate((many, [*renamed[:5], *many[5:]], renamed), start=1):
        city.load("parks", given)
        assert rows(city, known) == [(3.0 if release == 3 else 1.0,)]
        publish(city, release)


def test_rows_lie_in_the_order_of_their_places(city: TestMap) -> None:
    """Each pair of neighbours in the table is near on the map, in whatever order they came."""
    scattered = [
        Row(f"{n}", 100.4 + (n * 7 % 100) / 1000, 13.7 + (n * 31 % 100) / 1000) for n in range(100)
    ]
    city.load("parks", scattered)
    step = """
        select avg(st_distance(geom, next)) from (
            select geom, lead(geom) over (order by {}) as next from core.parks
        ) pairs
    """
    (stored,), (came,) = (rows(city, step.format(order))[0] for order in ("ctid", "source_row"))
    assert stored < came / 3
