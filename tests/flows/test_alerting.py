"""A person is told, by a real Prefect server: a listener here stands for their chat or mailbox."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_string, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client

from flows import scheduled
from flows.telling import receivers
from flows.telling.alerting import SILENT, TELLING, silence, tell
from flows.telling.automations import automation
from flows.telling.events import Heartbeat, Held, emit
from flows.telling.receivers import receiver
from geo.errors import ConfigurationError
from geo.settings import project_folder
from tests.cli.conftest import environment_of
from tests.flows.conftest import SmallCity
from tests.flows.servers import PrefectServer
from tests.flows.test_reporting import eventually

SECRET = "s3cr3t-t0ken"
TO = "U" + "0123456789abcdef" * 2
SOON = 10.2 / 60
"""Minutes of silence that a test can wait for; Prefect's least is ten seconds."""


HELD = Held("nakhon_phanom", "parks", 7, "จำนวนแถวลดจาก 20 เหลือ 5", "the rows fell from 20 to 5")


@dataclass
class Listener:
    """What was posted to it."""

    port: int
    heard: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook/{SECRET}"

    def texts(self) -> list[str]:
        return [str(one["text"]) for one in self.heard]


@contextmanager
def listening() -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            listener.headers.append(dict(self.headers))
            listener.heard.append(json.loads(body) | {"path": self.path})
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        listener = Listener(server.server_port)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield listener
        server.shutdown()


def hold_until(heard: list[Any]) -> Any:
    """The first that is heard of a hold; an automation may be there a moment after it was made."""

    def tried() -> list[Any]:
        emit([HELD])
        time.sleep(1)
        return heard

    return eventually(tried, "the hold")[0]


def automations() -> dict[str, Any]:
    """Those that tell somebody."""
    with get_client(sync_client=True) as client:
        found = {automation.name: automation for automation in client.read_automations()}
    return {name: one for name, one in found.items() if name.startswith((TELLING, SILENT))}


def everything_listed() -> str:
    """All that the server's listings say of blocks, automations and events."""
    with get_client(sync_client=True) as client:
        asked = [
            client._client.post("/block_documents/filter", json={}),
            client._client.post("/automations/filter", json={}),
            client._client.post("/events/filter", json={"limit": 50}),
        ]
        return "".join(answer.text for answer in asked)


@pytest.fixture
def server(prefect_api: PrefectServer) -> Iterator[PrefectServer]:
    """The server of all, which forgets the alerts of each test."""
    yield prefect_api
    with get_client(sync_client=True) as client:
        for automation in automations().values():
            client.delete_automation(automation.id)


@pytest.mark.slow
def test_a_held_delivery_and_then_silence_are_told_by_webhook(
    flown: SmallCity, server: PrefectServer
) -> None:
    flown.refresh()
    with listening() as listener:
        tell(receiver(listener.url), ["bangkok"], SOON)
        flown.parks(5)
        scheduled.refresh_map("bangkok", return_state=True)
        (said,) = eventually(listener.texts, "the hold")
        assert "bangkok_parks" in said and "รอการตัดสินใจ" in said and "waits for a decision" in said
        assert "onemap approve" in said and "--map bangkok" in said
        assert listener.heard[0]["event"] == "onemap.held"
        assert eventually(lambda: listener.texts()[1:], "the silence")[0] == silence(
            "bangkok", SOON
        )
        assert listener.heard[1]["path"] == f"/hook/{SECRET}"
    assert SECRET not in everything_listed()
    assert SECRET not in server.log


@pytest.mark.slow
@pytest.mark.usefixtures("server")
def test_hearts_that_beat_keep_the_switch_quiet_and_only_their_own() -> None:
    with listening() as listener:
        tell(receiver(listener.url), ["sample", "songkhla"], SOON)

        def beat_and_hear() -> list[str]:
            emit([Heartbeat("sample")])
            return listener.texts()

        heard = eventually(beat_and_hear, "the silence of songkhla")
        assert set(heard) == {silence("songkhla", SOON)}


@pytest.mark.slow
@pytest.mark.usefixtures("server")
def test_done_twice_it_is_done_once_and_what_was_paused_stays_so() -> None:
    tell(receiver("https://chat.example/one"), ["sample", "songkhla"], 75)
    with get_client(sync_client=True) as client:
        ours = automations()[TELLING]
        client.pause_automation(ours.id)
        theirs = automation("somebody's own", ours.trigger, ours.actions[0])
        theirs_id = client.create_automation(theirs)
    tell(receiver(f"line://{SECRET}@{TO}"), ["sample"], 90)
    with get_client(sync_client=True) as client:
        assert [one.name for one in client.read_automations_by_name(theirs.name)] == [theirs.name]
        client.delete_automation(theirs_id)
    found = automations()
    assert set(found) == {TELLING, f"{SILENT}sample"}, "no second one, and none of a map that left"
    assert not found[TELLING].enabled
    assert found[f"{SILENT}sample"].trigger.within.total_seconds() == 90 * 60
    assert TO in found[TELLING].actions[0].payload
    assert SECRET not in everything_listed()


@pytest.mark.slow
@pytest.mark.usefixtures("server")
def test_line_is_told_as_its_messaging_api_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as listener:
        monkeypatch.setattr(receivers, "LINE_PUSH", f"http://127.0.0.1:{listener.port}/push")
        tell(receiver(f"line://{SECRET}/+=@{TO}"), [], 75)
        said = hold_until(listener.heard)
        message = {"type": "text", "text": HELD.payload["text"]}
        assert said == {"to": TO, "messages": [message], "path": "/push"}
        assert listener.headers[0]["Authorization"] == f"Bearer {SECRET}/+="


@pytest.mark.slow
@pytest.mark.usefixtures("server")
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # Apprise's own
def test_a_mailbox_is_told_by_e_mail() -> None:
    with mailbox() as (port, mails):
        address = f"mailto://127.0.0.1:{port}?from=onemap@city.example&to=gis@city.example"
        tell(receiver(address), [], 75)
        mail = message_from_string(hold_until(mails), policy=policy.default)
    assert mail["To"] == "gis@city.example" and mail["Subject"] == "One Map"
    body = mail.get_body(("plain", "html"))
    assert body is not None
    said = body.get_content()
    assert "รอการตัดสินใจ" in said and "onemap approve 7" in said


@contextmanager
def mailbox() -> Iterator[tuple[int, list[str]]]:
    """A mail server of few words, and the mails that it took."""
    mails: list[str] = []

    def serve(door: socket.socket) -> None:
        while True:
            try:
                visitor, _ = door.accept()
            except OSError:
                return
            with visitor, visitor.makefile("rw", newline="\r\n") as talk:
                converse(talk)

    def converse(talk: Any) -> None:
        def answer(words: str) -> None:
            talk.write(words + "\n")
            talk.flush()

        answer("220 here")
        for line in talk:
            if line.upper().startswith("DATA"):
                answer("354 go on")
                mails.append("".join(iter(talk.readline, ".\r\n")))
            elif line.upper().startswith("QUIT"):
                answer("221 bye")
                return
            answer("250 well")

    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=serve, args=(door,), daemon=True).start()
        yield door.getsockname()[1], mails


@pytest.mark.parametrize(
    "address",
    [
        f"ftp://{SECRET}",
        f"https:///{SECRET}",
        f"https://host name/{SECRET}",
        f"https://[::1/{SECRET}",
        f"line://{SECRET}",
        f"line://{SECRET}\r\nX: y@{TO}",
        f"line://{SECRET}@U12",
        f"mailtos://?pass={SECRET}",
        SECRET,
    ],
)
def test_what_is_no_receiver_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        receiver(address)
    assert SECRET not in str(refused.value)
    assert SECRET not in repr(receiver(f"https://host/{SECRET}"))


@pytest.mark.slow
def test_the_command_reads_the_address_from_standard_input(server: PrefectServer) -> None:
    import subprocess
    import sys

    done = subprocess.run(
        [Path(sys.executable).with_name("onemap"), "alerts", "--to", "-", "--map", "sample"],
        input=f"https://chat.example/{SECRET}\n",
        capture_output=True,
        text=True,
        timeout=60,
        cwd=project_folder(),
        env=environment_of(PREFECT_API_URL=server.api),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [TELLING, f"{SILENT}sample"]
    assert SECRET not in done.stdout + done.stderr
