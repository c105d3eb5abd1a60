"""Changes of tables and views do not shut readers out, however long one of them idles."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from geo.errors import DatabaseBusy
from geo.store import database as store
from geo.store.declare import declare, prepare
from schemas.catalogue import MapView
from schemas.models import Layer
from tests.db.conftest import TestMap

READER_SECONDS = 5


@pytest.fixture
def url(test_map: TestMap) -> str:
    return test_map.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture
def idle_reader(url: str) -> Iterator[psycopg.Connection]:
    """A planner who has read the parks, and leaves the transaction open."""
    with psycopg.connect(url) as reader:
        reader.execute("select * from onemap.parks")
        yield reader


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No lock is waited for twice."""
    monkeypatch.setattr(store, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(store, "PAUSE_SECONDS", 0.1)


def with_layer(view: MapView, layer: Layer) -> MapView:
    return replace(view, layers=tuple(layer if layer.id == old.id else old for old in view.layers))


def renamed(view: MapView, layer_id: str) -> MapView:
    layer = view.layer(layer_id)
    return with_layer(view, layer.model_copy(update={"title": view.map.title}))


def widened(view: MapView, layer_id: str) -> MapView:
    layer = view.layer(layer_id)
    columns = {**layer.columns, "note_text": layer.columns["name_en"]}
    return with_layer(view, layer.model_copy(update={"columns": columns}))


@pytest.mark.usefixtures("idle_reader", "impatient")
def test_a_changed_title_waits_for_no_reader(test_map: TestMap) -> None:
    prepare(test_map.engine, renamed(test_map.view, "parks"))


@pytest.mark.usefixtures("idle_reader", "impatient")
def test_a_changed_layer_waits_for_no_reader_of_another(test_map: TestMap) -> None:
    declare(test_map.engine, widened(test_map.view, "hospitals"))


@pytest.mark.usefixtures("impatient")
def test_a_reader_in_the_way_is_named(test_map: TestMap, idle_reader: psycopg.Connection) -> None:
    with pytest.raises(DatabaseBusy, match=f"session {idle_reader.info.backend_pid} of onemap"):
        declare(test_map.engine, widened(test_map.view, "parks"))


def test_others_read_on_while_a_change_waits(
    test_map: TestMap, url: str, idle_reader: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PAUSE_SECONDS", 0.5)
    change = threading.Thread(
        target=declare, args=(test_map.engine, widened(test_map.view, "parks"))
    )
    change.start()
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(f"set statement_timeout = '{READER_SECONDS}s'")
        until = time.monotonic() + READER_SECONDS
        while time.monotonic() < until:
            other.execute("select * from web.parks")
            time.sleep(0.05)
        assert change.is_alive(), "it waits for the one who idles"
        idle_reader.rollback()
        change.join(30)
        other.execute("select note_text from onemap.parks")
