"""What is kept with runs, of the gate and of the reading, by the names that people know it by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from schemas.models import Bilingual

NAMES: Mapping[str, Bilingual] = {
    "rows_in": Bilingual(th="แถวเข้า", en="rows in"),
    "rows_published": Bilingual(th="แถวที่ใช้ได้", en="rows that can be published"),
    "rows_quarantined": Bilingual(th="แถวที่กักไว้", en="rows quarantined"),
    "compared_with_run": Bilingual(th="เทียบกับรอบ", en="compared with run"),
    "rows_published_before": Bilingual(th="แถวที่เผยแพร่รอบก่อน", en="rows published before"),
    "error_share": Bilingual(th="สัดส่วนแถวที่ผิดพลาด", en="share of rows with errors"),
    "fall": Bilingual(th="สัดส่วนที่ลดลง", en="share of rows that vanished"),
    "columns_gone": Bilingual(th="ช่องข้อมูลที่หายไป", en="columns gone"),
    "columns_new": Bilingual(th="ช่องข้อมูลใหม่", en="columns new"),
    "columns_retyped": Bilingual(th="ช่องข้อมูลที่เปลี่ยนชนิด", en="columns of another type"),
    "because": Bilingual(th="อ่านใหม่เพราะ", en="read again because"),
    "judged_now": Bilingual(th="ผลตรวจครั้งนี้", en="judged now"),
    "late": Bilingual(th="เลยกำหนด", en="late"),
    "code": Bilingual(th="รหัสปัญหา", en="code"),
    "detail": Bilingual(th="รายละเอียด", en="detail"),
    "error": Bilingual(th="ชนิดความขัดข้อง", en="error"),
    "place": Bilingual(th="ตำแหน่งในโปรแกรม", en="place in the code"),
    "snapshot_sha256": Bilingual(th="ลายนิ้วมือแฟ้ม", en="delivery (sha256)"),
    "approved": Bilingual(th="อนุมัติ", en="approved"),
    "rejected": Bilingual(th="เคยปฏิเสธ", en="rejected before"),
    "reread": Bilingual(th="อ่านซ้ำ", en="read again"),
    "reader": Bilingual(th="การอ่าน", en="reader"),
    "operation": Bilingual(th="การแปลงพิกัด", en="datum operation"),
    "name": Bilingual(th="ชื่อ", en="name"),
    "accuracy_m": Bilingual(th="ความถูกต้อง (ม.)", en="accuracy (m)"),
    "source_crs": Bilingual(th="ระบบพิกัดต้นทาง", en="source CRS"),
    "target_crs": Bilingual(th="ระบบพิกัดปลายทาง", en="target CRS"),
    "why": Bilingual(th="เพราะ", en="why"),
    "format": Bilingual(th="รูปแบบแฟ้ม", en="format"),
    "driver": Bilingual(th="ตัวอ่าน", en="driver"),
    "container_layer": Bilingual(th="ชั้นหรือแผ่นงานในแฟ้ม", en="layer or sheet of the file"),
    "records": Bilingual(th="ระเบียนในแฟ้ม", en="records in the file"),
    "rows": Bilingual(th="แถว", en="rows"),
    "blank_records": Bilingual(th="ระเบียนว่าง", en="blank records"),
    "bad_rows": Bilingual(th="แถวที่อ่านไม่ได้", en="rows that cannot be read"),
    "null_geometries": Bilingual(th="แถวที่ไม่มีพิกัด", en="records without a shape"),
    "geometry_type": Bilingual(th="ชนิดรูปทรง", en="kind of shape"),
    "crs_declared": Bilingual(th="ระบบพิกัดตามแฟ้ม", en="declared CRS"),
    "encoding_declared": Bilingual(th="รหัสอักษรตามแฟ้ม", en="declared encoding"),
    "encoding_found": Bilingual(th="รหัสอักษรที่พบ", en="found encoding"),
    "oddities": Bilingual(th="ข้อสังเกต", en="oddities"),
    "run": Bilingual(th="รอบ", en="run"),
    "by": Bilingual(th="โดย", en="by"),
    "at": Bilingual(th="เมื่อ", en="on"),
    "reason": Bilingual(th="เหตุผล", en="reason"),
    "rows_before": Bilingual(th="แถวก่อนหน้า", en="rows before"),
    "rows_now": Bilingual(th="แถวตอนนี้", en="rows now"),
    "rows_lost": Bilingual(th="แถวที่หายไป", en="rows lost"),
    "rows_added": Bilingual(th="แถวที่เพิ่มขึ้น", en="rows more"),
    "ids_changed": Bilingual(th="รหัสประจำตัวที่เปลี่ยน", en="ids changed"),
    "moved": Bilingual(th="แถวที่ย้ายตำแหน่ง", en="rows moved"),
    "largest_move_m": Bilingual(th="ย้ายไกลสุด (ม.)", en="moved by up to (m)"),
    "values_changed": Bilingual(th="ค่าที่เปลี่ยน", en="values changed"),
}
"""Names of what is kept with runs, in the order in which people read it; what has none comes last,
by its key."""
_PLACES = {name: place for place, name in enumerate(NAMES)}


def in_order(kept: Iterable[str]) -> list[str]:
    """Keys in the order in which people read them."""
    return sorted(kept, key=lambda name: _PLACES.get(name, len(_PLACES)))
