"""What the gate saw, and how rows were read, as people read it: one line for each thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cli.language import Language, Words
from cli.output import Answer, Column

NAMES: Mapping[str, Words] = {
    "rows_in": Words("แถวเข้า", "rows in"),
    "rows_published": Words("แถวที่ใช้ได้", "rows that can be published"),
    "rows_quarantined": Words("แถวที่กักไว้", "rows quarantined"),
    "compared_with_run": Words("เทียบกับรอบ", "compared with run"),
    "rows_published_before": Words("แถวที่เผยแพร่รอบก่อน", "rows published before"),
    "error_share": Words("สัดส่วนแถวที่ผิดพลาด", "share of rows with errors"),
    "fall": Words("สัดส่วนที่ลดลง", "share of rows that vanished"),
    "columns_gone": Words("ช่องข้อมูลที่หายไป", "columns gone"),
    "columns_new": Words("ช่องข้อมูลใหม่", "columns new"),
    "columns_retyped": Words("ช่องข้อมูลที่เปลี่ยนชนิด", "columns of another type"),
    "because": Words("อ่านใหม่เพราะ", "read again because"),
    "judged_now": Words("ผลตรวจครั้งนี้", "judged now"),
    "late": Words("เลยกำหนด", "late"),
    "code": Words("รหัสปัญหา", "code"),
    "detail": Words("รายละเอียด", "detail"),
    "error": Words("ชนิดความขัดข้อง", "error"),
    "place": Words("ตำแหน่งในโปรแกรม", "place in the code"),
    "snapshot_sha256": Words("ลายนิ้วมือแฟ้ม", "delivery (sha256)"),
    "approved": Words("อนุมัติ", "approved"),
    "rejected": Words("เคยปฏิเสธ", "rejected before"),
    "reread": Words("อ่านซ้ำ", "read again"),
    "reader": Words("การอ่าน", "reader"),
    "operation": Words("การแปลงพิกัด", "datum operation"),
    "name": Words("ชื่อ", "name"),
    "accuracy_m": Words("ความถูกต้อง (ม.)", "accuracy (m)"),
    "source_crs": Words("ระบบพิกัดต้นทาง", "source CRS"),
    "target_crs": Words("ระบบพิกัดปลายทาง", "target CRS"),
    "why": Words("เพราะ", "why"),
    "format": Words("รูปแบบแฟ้ม", "format"),
    "driver": Words("ตัวอ่าน", "driver"),
    "container_layer": Words("ชั้นหรือแผ่นงานในแฟ้ม", "layer or sheet of the file"),
    "records": Words("ระเบียนในแฟ้ม", "records in the file"),
    "rows": Words("แถว", "rows"),
    "blank_records": Words("ระเบียนว่าง", "blank records"),
    "bad_rows": Words("แถวที่อ่านไม่ได้", "rows that cannot be read"),
    "null_geometries": Words("แถวที่ไม่มีพิกัด", "records without a shape"),
    "geometry_type": Words("ชนิดรูปทรง", "kind of shape"),
    "crs_declared": Words("ระบบพิกัดตามแฟ้ม", "declared CRS"),
    "encoding_declared": Words("รหัสอักษรตามแฟ้ม", "declared encoding"),
    "encoding_found": Words("รหัสอักษรที่พบ", "found encoding"),
    "oddities": Words("ข้อสังเกต", "oddities"),
    "run": Words("รอบ", "run"),
    "by": Words("โดย", "by"),
    "at": Words("เมื่อ", "on"),
    "reason": Words("เหตุผล", "reason"),
    "rows_before": Words("แถวก่อนหน้า", "rows before"),
    "rows_now": Words("แถวตอนนี้", "rows now"),
    "rows_lost": Words("แถวที่หายไป", "rows lost"),
    "rows_added": Words("แถวที่เพิ่มขึ้น", "rows more"),
    "ids_changed": Words("รหัสประจำตัวที่เปลี่ยน", "ids changed"),
    "moved": Words("แถวที่ย้ายตำแหน่ง", "rows moved"),
    "largest_move_m": Words("ย้ายไกลสุด (ม.)", "moved by up to (m)"),
    "values_changed": Words("ค่าที่เปลี่ยน", "values changed"),
}
"""Names of what is kept with runs, in the order in which people read it; what has none comes last,
by its key."""
YES_OR_NO = {True: Words("ใช่", "yes"), False: Words("ไม่ใช่", "no")}
SHARES = frozenset({"error_share", "fall"})
HIDDEN = frozenset({"crs_text", "pipeline", "columns", "sandbox"})
"""Too long for a line, or the same in every run; programs read them."""
COLUMNS = [Column("name", Words("เรื่อง", "what")), Column("value", Words("ค่า", "value"))]


def told_evidence(evidence: Mapping[str, Any], answer: Answer) -> None:
    """Prints what is kept, as a table of names and values."""
    rows = [{"name": name, "value": value} for name, value in _lines(evidence, answer.language)]
    answer.table(COLUMNS, rows)


def _lines(
    kept: Mapping[str, Any], language: Language, above: str = ""
) -> Iterator[tuple[str, str]]:
    for key in sorted(kept, key=_place):
        value = kept[key]
        name = above + (NAMES[key].said(language) if key in NAMES else key.replace("_", " "))
        if key in HIDDEN or value in (None, [], {}):
            continue
        if isinstance(value, Mapping):
            yield from _lines(value, language, f"{name}: ")
        else:
            yield name, _value(key, value, language)


def _place(key: str) -> int:
    return list(NAMES).index(key) if key in NAMES else len(NAMES)


def _value(key: str, value: Any, language: Language) -> str:
    if key in SHARES:
        return f"{value:.1%}"
    if isinstance(value, bool):
        return YES_OR_NO[value].said(language)
    if isinstance(value, list):
        return ", ".join(_value(key, part, language) for part in value)
    if isinstance(value, Mapping):
        return " ".join(_value(key, part, language) for part in value.values())
    return f"{value:,}" if isinstance(value, int) else str(value)
