"""What happened to a map, as events: what automations of Prefect react to (docs/notifications.md).

Each has a payload of typed fields and a text for people, in Thai and in English. Reasons hold words
of agencies and end in chats and mailboxes, so they are made harmless here, once for all of them.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import ClassVar

from geo.values.visible import visible
from schemas.models import Bilingual

_LONGEST = 600
_LOOKALIKES = str.maketrans("<>[]()@`|\\", "＜＞［］（）＠｀｜＼")
_ADDRESS = re.compile(r"(?<=\w)\.(?=[^\W\d])|:(?=//)")
"""The dot of `example.com` and the colon of `https://`: chats make a link of them."""
_UNLINKED = {".": "․", ":": "："}


def harmless(words: str) -> str:
    """One line that no chat and no mail reader takes for markup, a link or a call to everybody."""
    line = visible(" ".join(words.split())).translate(_LOOKALIKES)[:_LONGEST]
    return _ADDRESS.sub(lambda found: _UNLINKED[found[0]], line)


@dataclass(frozen=True)
class MapEvent(ABC):
    """Something that happened to a map; `name` is what automations wait for."""

    name: ClassVar[str]

    map_id: str

    @abstractmethod
    def words(self) -> Bilingual:
        """What a person is told."""

    @property
    def resource(self) -> dict[str, str]:
        """The resource that Prefect files the event under: the map."""
        return {
            "prefect.resource.id": map_resource(self.map_id),
            "prefect.resource.name": self.map_id,
        }

    @property
    def related(self) -> list[dict[str, str]]:
        """What else it concerns; Prefect adds the flow run, its flow and its deployment."""
        return []

    @property
    def payload(self) -> dict[str, object]:
        """The fields, and the text for people in both languages, Thai first."""
        words = self.words()
        return {**asdict(self), "text": f"{words.th}\n{words.en}", "th": words.th, "en": words.en}


@dataclass(frozen=True)
class SourceEvent(MapEvent):
    """Something that happened to one source of a map."""

    source_id: str

    @property
    def resource(self) -> dict[str, str]:
        """The source, beneath its map."""
        return {
            "prefect.resource.id": f"{map_resource(self.map_id)}.source.{self.source_id}",
            "prefect.resource.name": self.source_id,
        }

    @property
    def related(self) -> list[dict[str, str]]:
        """The map."""
        return [{**super().resource, "prefect.resource.role": "map"}]


@dataclass(frozen=True)
class Published(MapEvent):
    """A new release is up; `sources` are those whose rows are new in it."""

    name = "onemap.published"

    release: int
    sources: tuple[str, ...]

    def words(self) -> Bilingual:
        """Release and sources."""
        changed = ", ".join(self.sources) or "-"
        return Bilingual(
            th=f"แผนที่ {self.map_id}: เผยแพร่ชุดที่ {self.release} แล้ว ข้อมูลที่เปลี่ยน: {changed}",
            en=f"Map {self.map_id}: release {self.release} is published; changed: {changed}",
        )


@dataclass(frozen=True)
class Heartbeat(MapEvent):
    """A scheduled look at the map came to its end; a dead man's switch waits for the next."""

    name = "onemap.heartbeat"

    def words(self) -> Bilingual:
        """That it is alive."""
        return Bilingual(
            th=f"แผนที่ {self.map_id}: ระบบตรวจข้อมูลตามรอบแล้ว",
            en=f"Map {self.map_id}: the scheduled look came to its end",
        )


@dataclass(frozen=True)
class Held(SourceEvent):
    """A delivery waits for a person."""

    name = "onemap.held"

    run_id: int
    reason_th: str
    reason_en: str

    def words(self) -> Bilingual:
        """Why, and what to type."""
        command = approve_line(self.run_id, self.map_id)
        return Bilingual(
            th=f"แผนที่ {self.map_id}: ข้อมูลใหม่ของ {self.source_id} รอการตัดสินใจ "
            f"(รอบที่ {self.run_id}): {self.reason_th} หากตรวจแล้วยอมรับได้ ให้สั่ง: {command}",
            en=f"Map {self.map_id}: a delivery of {self.source_id} waits for a decision "
            f"(run {self.run_id}): {self.reason_en}. To let it through: {command}",
        )


@dataclass(frozen=True)
class Refused(SourceEvent):
    """A delivery cannot be read as a whole; its agency has to send another."""

    name = "onemap.refused"

    run_id: int | None
    reason_th: str
    reason_en: str

    def words(self) -> Bilingual:
        """Why."""
        return Bilingual(
            th=f"แผนที่ {self.map_id}: รับข้อมูลใหม่ของ {self.source_id} ไม่ได้: {self.reason_th} "
            "ข้อมูลชุดเดิมยังแสดงอยู่",
            en=f"Map {self.map_id}: a delivery of {self.source_id} was refused: "
            f"{self.reason_en}. The last good rows stay on the map",
        )


@dataclass(frozen=True)
class Fault(MapEvent):
    """A fault of One Map or of what it runs on; of one source, or of the whole look."""

    name = "onemap.fault"

    source_id: str | None
    run_id: int | None
    reason_th: str
    reason_en: str

    def words(self) -> Bilingual:
        """Where, and why."""
        place = f" ({self.source_id})" if self.source_id else ""
        return Bilingual(
            th=f"แผนที่ {self.map_id}{place}: ระบบขัดข้อง: {self.reason_th}",
            en=f"Map {self.map_id}{place}: a fault of One Map: {self.reason_en}",
        )


@dataclass(frozen=True)
class Late(SourceEvent):
    """New content of a source was promised, and is overdue."""

    name = "onemap.late"

    promised_days: int
    last_good_on: str | None
    """Day in Bangkok when the content on the map came, as ISO 8601; None if nothing ever came."""

    def words(self) -> Bilingual:
        """What was promised, and what there is."""
        day = self.last_good_on
        there = Bilingual(
            th=f"ข้อมูลที่แสดงอยู่ได้รับเมื่อ {day}" if day else "และยังไม่มีข้อมูลแสดงบนแผนที่",
            en=f"what is on the map came on {day}" if day else "nothing of it is on the map",
        )
        return Bilingual(
            th=f"แผนที่ {self.map_id}: {self.source_id} เลยกำหนดส่งแล้ว หน่วยงานสัญญาว่าจะปรับปรุงทุก "
            f"{self.promised_days} วัน {there.th}",
            en=f"Map {self.map_id}: {self.source_id} is late: new content is promised every "
            f"{self.promised_days} days; {there.en}",
        )


def map_resource(map_id: str) -> str:
    """Name of a map among Prefect's resources."""
    return f"onemap.map.{map_id}"


def approve_line(run_id: int, map_id: str) -> str:
    """What a person types to let a held delivery through."""
    return f"onemap approve {run_id} --map {map_id} --by NAME --reason TEXT"


def emit(events: Iterable[MapEvent]) -> None:
    """Hands events to Prefect's sender: a thread of its own, which nothing here waits for."""
    from prefect.events import emit_event

    for event in events:
        emit_event(event.name, event.resource, related=event.related, payload=event.payload)
