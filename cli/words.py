"""Texts that several commands share, in Thai and English; a command's own stand in its module."""

from __future__ import annotations

from collections.abc import Mapping

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

SOURCE = Column("source", Words("แหล่งข้อมูล", "source"))
LAYER = Column("layer", Words("ชั้นข้อมูล", "layer"))
RUN = Column("run", Words("รอบ", "run"))
