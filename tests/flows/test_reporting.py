"""What an operator sees in Prefect of a run: log, artifacts, events; on a real server."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from markdown_it import MarkdownIt
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId

from flows import scheduled, serving
from flows.job import RefreshResult, SourceOutcome
from flows.telling import reporting, told
from flows.telling.artifacts import escaped, hold_as_markdown, table_row
from flows.telling.events import Late, MapEvent, harmless
from flows.telling.told import events_of, late, tell
from geo.errors import DatabaseUnreachable
from geo.store.runs import Said
from schemas.models import Bilingual
from tests.flows.conftest import SmallCity

HOSTILE = (
    "<img src=x onerror=alert(1)> [click](javascript:alert(1)) ![x](http://evil.example/x) `code` "
    "**bold** | cell | https://evil.example www.evil.example a@evil.example &lt; \\` \n# title\n"
    "- list\r\n<!channel> @here"
)
PATIENCE = 60.0


def eventually(found: Callable[[], Any], wanted: str) -> Any:
    """What `found` answers once that is something; the server stores what it is sent in batches."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := found()):
        assert time.monotonic() < deadline, f"{wanted} did not come"
        time.sleep(0.1)
    return answer


def logs_of(flow_run: UUID, last: str) -> list[str]:
    """The messages of a flow run's own log, once `last` is one of them."""
    wanted = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[flow_run]))

    def found() -> list[str]:
        with get_client(sync_client=True) as client:
            messages = [log.message for log in client.read_logs(wanted)]
        return messages if last in messages else []

    return eventually(found, last)


def events_of_run(flow_run: UUID, count: int) -> list[dict[str, Any]]:
    """The `onemap.` events that are related to a flow run, once there are `count`."""

    def found() -> list[dict[str, Any]]:
        with get_client(sync_client=True) as client:
            asked = {"filter": {"event": {"prefix": ["onemap."]}}, "limit": 50}
            stored = client._client.post("/events/filter", json=asked).json()["events"]
        run = f"prefect.flow-run.{flow_run}"
        ours = [e for e in stored if run in {r["prefect.resource.id"] for r in e["related"]}]
        return ours if len(ours) >= count else []

    return eventually(found, f"{count} events")


def artifact(key: str) -> Any:
    with get_client(sync_client=True) as client:
        return client._client.get(f"/artifacts/{key}/latest").json()


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_api")
def test_a_run_leaves_its_log_its_table_its_holds_and_its_events(flown: SmallCity) -> None:
    first = scheduled.refresh_map("bangkok", return_state=True).state_details.flow_run_id
    lines = logs_of(first, "bangkok: release 1")
    for source in ("bangkok_districts", "bangkok_subdistricts", "bangkok_parks"):
        assert len([one for one in lines if one.startswith(f"bangkok: {source}: accepted")]) == 1
    assert lines.count("bangkok: bangkok_parks: read") == 1, "progress, once"
    (published,) = events_of_run(first, 1)
    assert published["event"] == "onemap.published"
    assert published["payload"]["release"] == 1
    assert published["resource"]["prefect.resource.id"] == "onemap.map.bangkok"
    flown.parks(5)
    flown.write("health/hospital/bkk_hospital.csv", b"<html></html>")
    second = scheduled.refresh_map("bangkok", return_state=True).state_details.flow_run_id
    told = {event["event"]: event for event in events_of_run(second, 2)}
    assert set(told) == {"onemap.held", "onemap.refused"}
    held = told["onemap.held"]
    number = held["payload"]["run_id"]
    assert held["resource"]["prefect.resource.id"] == "onemap.map.bangkok.source.bangkok_parks"
    assert f"onemap approve {number} --map bangkok --by NAME" in held["payload"]["text"]
    assert "20" in held["payload"]["th"] and "5" in held["payload"]["en"]
    evidence = artifact("held-bangkok-bangkok-parks")
    assert f"    onemap approve {number} --map bangkok --by NAME --reason TEXT" in evidence["data"]
    assert "rows published before" in evidence["data"]
    assert evidence["flow_run_id"] == str(second)
    outcomes = {row["source"]: row["outcome"] for row in _table("onemap-bangkok")}
    assert outcomes["bangkok_parks"] == "held" and outcomes["bangkok_hospitals"] == "refused"
    third = scheduled.refresh_map("bangkok", return_state=True).state_details.flow_run_id
    (again,) = events_of_run(third, 1)
    assert again["event"] == "onemap.refused", "the hold was told; the bytes are refused anew"


def _table(key: str) -> list[dict[str, Any]]:
    import json

    rows: list[dict[str, Any]] = json.loads(artifact(key)["data"])
    return rows


@pytest.mark.parametrize("words", [HOSTILE, *HOSTILE.split()])
def test_words_of_agencies_are_text_and_nothing_else_in_markdown(words: str) -> None:
    markdown = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table")
    (opening, inline, closing) = markdown.parse(escaped(words))
    assert (opening.type, closing.type) == ("paragraph_open", "paragraph_close")
    assert {child.type for child in inline.children or ()} <= {"text", "text_special"}
    assert "".join(child.content for child in inline.children or ()) == " ".join(words.split())
    assert not re.search(r"://|www\.|[\w.]@", escaped(words)), "a bare address becomes a link"


def test_hostile_evidence_breaks_no_table() -> None:
    source = SourceOutcome("parks", "parks", "held", HOSTILE, 7)
    said = Said(Bilingual(th=HOSTILE, en=HOSTILE), {"columns_new": [HOSTILE, "b"], HOSTILE: 1})
    shown = hold_as_markdown("sample", source, said)
    assert len([line for line in shown.splitlines() if line.startswith("| ")]) == 4
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(shown)
    kinds = {child.type for token in tokens for child in token.children or ()}
    assert kinds <= {"text", "text_special"}
    assert len([token for token in tokens if token.type == "heading_open"]) == 3
    assert "<" not in str(table_row(source)["reason"])


def test_a_message_calls_nobody_and_links_nowhere() -> None:
    said = harmless(HOSTILE)
    assert not set("<>[]()@`|\\\n") & set(said)
    assert "://" not in said and "evil.example" not in said
    assert harmless("12.5% ของ 20 แถว") == "12.5% ของ 20 แถว"
    assert len(harmless("ก" * 10_000)) < 1_000


def test_what_stands_is_not_told_again() -> None:
    held = SourceOutcome("parks", "parks", "held", "few", 3, stands=True)
    assert not list(events_of("sample", RefreshResult((held,), None), {}))
    new = SourceOutcome("parks", "parks", "held", "few", 3)
    (event,) = events_of("sample", RefreshResult((new,), None), {})
    assert event.name == "onemap.held"


@pytest.mark.parametrize("silent", [False, True])
def test_a_decision_stands_and_waits_for_no_server_that_is_away(
    small_city: SmallCity, monkeypatch: pytest.MonkeyPatch, silent: bool
) -> None:
    """Nobody listens there, or somebody who never answers."""
    monkeypatch.setattr(serving, "PROBE_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1] if silent else 1
        monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{port}/api")
        sent: list[object] = []
        monkeypatch.setattr(told, "emit", sent.append)
        tell(small_city.job, RefreshResult((), None, "a fault"))
    assert not sent


@pytest.mark.parametrize("deployed", [False, True])
def test_a_heart_beats_at_the_end_of_a_scheduled_look_alone(
    monkeypatch: pytest.MonkeyPatch, deployed: bool
) -> None:
    sent: list[MapEvent] = []
    monkeypatch.setattr(reporting, "emit", sent.extend)
    if deployed:
        monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "a-deployment")
    with reporting.watched("sample"):
        assert not sent
    assert [event.name for event in sent] == ["onemap.heartbeat"] * deployed
    sent.clear()
    with pytest.raises(DatabaseUnreachable), reporting.watched("sample"):
        raise DatabaseUnreachable("db.example", "no route <!channel>")
    (fault,) = sent
    assert fault.name == "onemap.fault" and "db․example" in str(fault.payload["text"])
    assert "<!" not in str(fault.payload)


def test_a_fault_of_the_publication_is_told() -> None:
    (event,) = events_of("sample", RefreshResult((), None, "OSError: No space left"), {})
    assert event.name == "onemap.fault" and "No space left" in str(event.payload["text"])


def test_late_is_told_once_and_again_when_it_is_late_anew(small_city: SmallCity) -> None:
    small_city.refresh()
    assert not list(late(small_city.job))
    _age(small_city, "400 days")
    (told,) = late(small_city.job)
    assert told.source_id == "bangkok_parks" and told.promised_days > 0
    assert not list(late(small_city.job)), "an hour later"
    _age(small_city, "0 days")
    assert not list(late(small_city.job)), "new content came"
    _age(small_city, "400 days")
    assert [event.source_id for event in late(small_city.job)] == ["bangkok_parks"]


def test_of_what_never_came_no_day_is_told() -> None:
    words = Late("bangkok", "bangkok_parks", 365, None).words()
    assert "None" not in words.th + words.en and "nothing of it is on the map" in words.en


def _age(city: SmallCity, age: str) -> None:
    """What is on the map of the parks came so long ago, and was promised each year."""
    from sqlalchemy import text

    from geo.store.database import transaction

    with transaction(city.job.engine) as connection:
        connection.execute(
            text(
                "update meta.run set fetched_at = now() - cast(:age as interval)"
                " where source_id = 'bangkok_parks'"
            ),
            {"age": age},
        )
        connection.execute(text("update meta.source set promise_days = 365"))
