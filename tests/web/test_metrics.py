"""`/metrics` as Prometheus reads it, and as somebody who would do harm asks for it."""

from __future__ import annotations

from typing import Any

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.web.conftest import City, running
from web import metrics
from web.errors import DatabaseAway
from web.metrics import Gauge

PRIVATE = ("0812345678", "สมชาย", "the rows fell", "NAME")


def samples(text: str) -> dict[tuple[str, str | None], float]:
    """Values by measure and source."""
    families = text_string_to_metric_families(text)
    found = [one for family in families for one in family.samples]
    return {(one.name, one.labels.get("source")): one.value for one in found}


@pytest.fixture
def scrape(city: City, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(metrics, "KEPT_SECONDS", 0.0)
    with running(city.settings) as address:
        yield lambda: httpx.get(f"{address}/metrics")


def execute(city: City, statement: str) -> None:
    with psycopg.connect(city.owner_url) as connection:
        connection.execute(statement)


def test_prometheus_reads_freshness_holds_outcomes_and_the_release(city: City, scrape: Any) -> None:
    answer = scrape()
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    found = samples(answer.text)
    assert found["onemap_release_number", None] == 1
    assert 0 < found["onemap_release_age_seconds", None] < 3_600
    tiles = city.folder / city.manifest["files"]["pmtiles"]["path"]
    assert found["onemap_tiles_bytes", None] == tiles.stat().st_size
    sources = {source for name, source in found if name == "onemap_source_holds"}
    assert sources and None not in sources
    for source in sources:
        assert found["onemap_source_holds", source] == 0
        assert found["onemap_source_outcome", source] == 1


def test_freshness_is_measured_in_seconds_against_what_was_promised(
    city: City, scrape: Any
) -> None:
    source, _ = _a_source(city)
    before = _fetched(city, source, "now() - interval '2 days'")
    try:
        found = samples(scrape().text)
    finally:
        _fetched(city, source, f"'{before}'" if before else "null")
    assert abs(found["onemap_source_age_seconds", source] - 2 * 86_400) < 600
    promised = found.get(("onemap_source_promised_seconds", source))
    assert promised is None or promised % 86_400 == 0


def _fetched(city: City, source: str, when: str) -> Any:
    """Sets when the source's runs were fetched; answers what stood there."""
    with psycopg.connect(city.owner_url) as connection:
        found = connection.execute(
            "select fetched_at from meta.run where source_id = %s", [source]
        ).fetchone()
        connection.execute(
            f"update meta.run set fetched_at = {when} where source_id = %s", [source]
        )
    assert found is not None
    return found[0]


def test_a_hold_counts_and_says_no_word(city: City, scrape: Any) -> None:
    source, layer = _a_source(city)
    execute(
        city,
        "insert into meta.run (source_id, layer_id, outcome, reason, reason_th, evidence)"
        f" values ('{source}', '{layer}', 'held', 'the rows fell 0812345678', 'สมชาย',"
        """ '{"by": "NAME"}')""",
    )
    try:
        answer = scrape()
    finally:
        execute(city, f"delete from meta.run where outcome = 'held' and source_id = '{source}'")
    assert samples(answer.text)["onemap_source_holds", source] == 1
    assert f'source="{source}",outcome="held"}} 1.0' in answer.text
    assert not [word for word in PRIVATE if word in answer.text]


def test_the_view_has_no_column_for_words_or_people(city: City) -> None:
    with psycopg.connect(city.settings.database_url) as connection:
        columns = connection.execute("select * from web.source_health").description
        assert columns is not None
        assert {column.name for column in columns} == {
            *("source_id", "layer_id", "fetched_at", "promise_days", "outcome", "looked_at"),
            "holds",
        }
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select reason from meta.run")


def test_a_flood_asks_the_database_once(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[int] = []
    original = metrics.Metrics._measured

    async def counted(self: metrics.Metrics) -> str:
        measured.append(1)
        return await original(self)

    monkeypatch.setattr(metrics.Metrics, "_measured", counted)
    with running(city.settings) as address, httpx.Client() as client:
        texts = {client.get(f"{address}/metrics").text for _ in range(50)}
    assert len(measured) == 1 and len(texts) == 1


def test_a_database_that_is_away_is_503_and_is_asked_once_too(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    async def away(_: metrics.Metrics) -> str:
        tried.append(1)
        raise DatabaseAway

    monkeypatch.setattr(metrics.Metrics, "_measured", away)
    with running(city.settings) as address, httpx.Client() as client:
        assert {client.get(f"{address}/metrics").status_code for _ in range(20)} == {503}
    assert len(tried) == 1


def test_a_database_that_comes_back_is_measured_anew(city: City, scrape: Any) -> None:
    async def away(_: metrics.Metrics) -> str:
        raise DatabaseAway

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics.Metrics, "_measured", away)
        assert scrape().status_code == 503
    assert scrape().status_code == 200


def test_a_label_cannot_end_its_line() -> None:
    gauge = Gauge("a", "b")
    gauge.add(1, source='x"} 5\nonemap_source_holds{source="y\\')
    (family,) = text_string_to_metric_families("".join(f"{line}\n" for line in gauge.lines()))
    (sample,) = family.samples
    assert sample.labels["source"] == 'x"} 5\nonemap_source_holds{source="y\\'


def _a_source(city: City) -> tuple[str, str]:
    with psycopg.connect(city.owner_url) as connection:
        found = connection.execute(
            "select source_id, layer_id from meta.published_run limit 1"
        ).fetchone()
    assert found is not None
    return found[0], found[1]
