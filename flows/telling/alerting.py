"""Tells a person: automations of Prefect, which `onemap alerts` makes or brings up to date.

One reacts to what needs a person. One for each map is a dead man's switch: it speaks when a
scheduled look should have come to its end, and none did, whatever the reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from prefect.blocks.notifications import SlackWebhook
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import get_client
from prefect.events.actions import CallWebhook, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.types import SecretDict
from pydantic import SecretStr

from flows.telling.automations import automation, put
from flows.telling.events import Fault, Heartbeat, Held, Late, Refused, map_resource
from flows.telling.receivers import SUBJECT, Receiver

BLOCK = "onemap-alerts"
TELLING = "One Map: what needs a person"
SILENT = "One Map: no heartbeat of "
_NEEDS_A_PERSON = {event.name for event in (Held, Refused, Fault, Late)}


def tell(receiver: Receiver, maps: Iterable[str], silence_minutes: float) -> list[str]:
    """Makes the server tell `receiver` of these maps; returns the names of the automations.

    Doing it twice is doing it once; a switch of a map that is no longer among them goes. Who paused
    an automation finds it paused.
    """
    block = _save(receiver)
    wanted = [
        _telling(receiver, block),
        *(_silent(receiver, block, map_id, silence_minutes) for map_id in maps),
    ]
    with get_client(sync_client=True) as client:
        for other in put(client, wanted):
            if other.name.startswith(SILENT):
                client.delete_automation(other.id)
    return [one.name for one in wanted]


def _save(receiver: Receiver) -> UUID:
    url = SecretStr(receiver.url)
    block = (
        Webhook(url=url, headers=SecretDict(dict(receiver.headers)))
        if receiver.kind == "webhook"
        else SlackWebhook(url=url)  # it alone hands an address that is not its own to Apprise
    )
    saved = block.save(f"{BLOCK}-{receiver.kind}", overwrite=True)
    assert isinstance(saved, UUID), "called outside of an event loop"
    return saved


def _telling(receiver: Receiver, block: UUID) -> AutomationCore:
    trigger = EventTrigger(
        expect=_NEEDS_A_PERSON,
        match={"prefect.resource.id": map_resource("*")},
        posture=Posture.Reactive,
        threshold=1,
    )
    action = _action(receiver, block, "event.payload.text", "event.event")
    return automation(TELLING, trigger, action)


def _silent(receiver: Receiver, block: UUID, map_id: str, silence_minutes: float) -> AutomationCore:
    trigger = EventTrigger(
        expect={Heartbeat.name},
        match={"prefect.resource.id": map_resource(map_id)},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(minutes=silence_minutes),
    )
    text = json.dumps(silence(map_id, silence_minutes), ensure_ascii=False)
    action = _action(receiver, block, text, '"onemap.silence"')
    return automation(f"{SILENT}{map_id}", trigger, action)


def silence(map_id: str, minutes: float) -> str:
    """What is said when nothing was heard of a map, in both languages."""
    return (
        f"แผนที่ {map_id}: ไม่มีการตรวจข้อมูลตามรอบมา {minutes:g} นาทีแล้ว "
        "โปรดตรวจว่าเครื่อง ฐานข้อมูล และ onemap worker ยังทำงานอยู่ (onemap doctor)\n"
        f"Map {map_id}: no scheduled look has come to its end for {minutes:g} minutes; see whether "
        "the machine, the database and onemap worker are running (onemap doctor)"
    )


def _action(
    receiver: Receiver, block: UUID, text: str, event: str
) -> CallWebhook | SendNotification:
    if receiver.kind == "webhook":
        template = receiver.payload(f"{{{{ {text} | tojson }}}}", f"{{{{ {event} | tojson }}}}")
        return CallWebhook(block_document_id=block, payload=template)
    return SendNotification(block_document_id=block, subject=SUBJECT, body=f"{{{{ {text} }}}}")
