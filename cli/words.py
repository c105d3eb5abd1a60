"""Texts that several commands share, in Thai and English; a command's own stand in its module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli.language import Words
from cli.output import Column

OUTCOMES: Mapping[str, Words] = {
    "accepted": Words("ผ่าน", "accepted"),
    "unchanged": Words("ไม่เปลี่ยนแปลง", "unchanged"),
    "absent": Words("ไม่มีแฟ้มส่งมา", "absent"),
    "held": Words("พักไว้", "held"),
    "rejected": Words("ถูกปฏิเสธ", "rejected"),
    "refused": Words("ไม่รับ", "refused"),
    "incomplete": Words("มาไม่ครบ", "incomplete"),
    "unreachable": Words("ติดต่อไม่ได้", "unreachable"),
    "fault": Words("ระบบขัดข้อง", "fault"),
    "running": Words("กำลังทำ", "running"),
}
"""Outcomes of a run (`geo.states.Outcome`), and `running`; programs read the English word."""

SEVERITIES: Mapping[str, Words] = {
    "error": Words("ผิดพลาด", "error"),
    "warning": Words("เตือน", "warning"),
    "note": Words("แจ้งให้ทราบ", "note"),
}
RESPONSIBLE: Mapping[str, Words] = {
    "agency": Words("หน่วยงาน", "agency"),
    "onemap": Words("One Map", "One Map"),
    "nobody": Words("ไม่ต้องแก้", "nobody"),
}

SOURCE = Column("source", Words("แหล่งข้อมูล", "source"), whole=True)
LAYER = Column("layer", Words("ชั้นข้อมูล", "layer"), whole=True)
RUN = Column("run", Words("รอบ", "run"))
CHANGES = Column("changes", Words("เปลี่ยนแปลง", "changes"), number=True)
"""Features added, changed and removed."""


def changes(row: Mapping[str, Any]) -> str | None:
    """`+12 ~3 -1`: features added, changed and removed; `0` where nothing was; None: not loaded."""
    counts = [row[f"features_{part}"] for part in ("added", "changed", "removed")]
    if None in counts:
        return None
    signed = zip("+~-", counts, strict=True)
    return " ".join(f"{sign}{count:,}" for sign, count in signed if count) or "0"


def in_both(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A row whose text stands in two columns (`reason`, `reason_th`), as one text in both."""
    texts = (name, f"{name}_en", f"{name}_th")
    english = row.get(name) or row.get(f"{name}_en")
    thai = row.get(f"{name}_th") or english
    rest = {key: value for key, value in row.items() if key not in texts}
    return rest | {name: Words(thai, english) if thai and english else None}
