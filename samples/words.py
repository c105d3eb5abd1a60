"""Names for places that do not exist, put together as Thai agencies name theirs.

All functions return object arrays of `count` names; the parts are of our own making.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Objects = NDArray[np.object_]
Random = np.random.Generator

_TREES = (
    ("ราชพฤกษ์", "Ratchaphruek"), ("ประดู่แดง", "Pradu Daeng"), ("ชงโค", "Chongkho"),
    ("พิกุลทอง", "Phikun Thong"), ("จามจุรี", "Chamchuri"), ("ลีลาวดี", "Lilawadi"),
    ("บัวหลวง", "Bua Luang"), ("ไทรงาม", "Sai Ngam"), ("ตะแบก", "Tabaek"),
    ("หางนกยูง", "Hang Nok Yung"), ("อินทนิล", "Inthanin"), ("กันเกรา", "Kankrao"),
    ("ปีบทอง", "Pip Thong"), ("สารภี", "Saraphi"), ("โพธิ์ร่ม", "Pho Rom"),
    ("ลำดวน", "Lamduan"), ("มะขามคู่", "Makham Khu"), ("ทองกวาว", "Thong Kwao"),
)  # fmt: skip
_MOODS = (
    ("ร่มรื่น", "Rom Ruen"), ("รวมใจ", "Ruam Chai"), ("เฉลิมสุข", "Chaloem Suk"),
    ("พัฒนา", "Phatthana"), ("สามัคคี", "Samakkhi"), ("เบิกบาน", "Boek Ban"),
    ("น้ำใส", "Nam Sai"), ("รุ่งเรือง", "Rung Rueang"), ("ร่วมสุข", "Ruam Suk"),
    ("สดชื่น", "Sot Chuen"), ("ใหม่", "Mai"), ("ริมน้ำ", "Rim Nam"),
)  # fmt: skip
_SAINTS = (
    "ทองดีนฤมิต", "สุขสวัสดิ์วิไล", "บุญมีอุทิศ", "แสงเพ็ญ", "วิเชียรธรรม", "มงคลวัฒนา",
    "เพ็ญพักตร์", "ประชาเกื้อกูล", "นวลจันทร์", "พูนผลอนุสรณ์", "ศิริโสภา", "กิ่งแก้ว",
)  # fmt: skip
_FIRST = (
    "สมชาย", "สมหญิง", "มานะ", "มานี", "ปิติ", "ชูใจ", "วีระ", "ดวงใจ", "สุดา", "ประเสริฐ",
    "อำนวย", "จำนง", "รำไพ", "วันดี", "บุญเลิศ", "กมล",
)  # fmt: skip
_FAMILY = ("ตัวอย่าง", "สมมุติ", "ทดสอบ", "จำลอง", "แบบอย่าง")


def trees(count: int, random: Random) -> tuple[Objects, Objects]:
    """A tree and a mood: ราชพฤกษ์ร่มรื่น, Ratchaphruek Rom Ruen."""
    tree, mood = random.integers(len(_TREES), size=count), random.integers(len(_MOODS), size=count)
    thai = _of([name for name, _ in _TREES], tree) + _of([name for name, _ in _MOODS], mood)
    english = _of([n for _, n in _TREES], tree) + " " + _of([n for _, n in _MOODS], mood)
    return thai, english


def benefactors(count: int, random: Random) -> Objects:
    """Whom a health centre is named after."""
    return _of(_SAINTS, random.integers(len(_SAINTS), size=count))


def people(count: int, random: Random) -> Objects:
    """Names of persons, plainly made up."""
    first = _of(_FIRST, random.integers(len(_FIRST), size=count))
    names: Objects = "คุณ" + first + " " + choice(_FAMILY, count, random)
    return names


def choice(words: tuple[str, ...] | list[str], count: int, random: Random) -> Objects:
    """Any of `words`."""
    return _of(words, random.integers(len(words), size=count))


def numbered(low: int, high: int, count: int, random: Random) -> Objects:
    """Whole numbers as text, `high` not among them."""
    return random.integers(low, high, size=count).astype(str).astype(object)


def phones(count: int, random: Random) -> Objects:
    """Telephone numbers that nobody has: 0 2000 nnnn."""
    numbers: Objects = "0 2000 " + choice([f"{n:04d}" for n in range(10_000)], count, random)
    return numbers


def _of(words: tuple[str, ...] | list[str], index: NDArray[np.int64]) -> Objects:
    return np.array(words, dtype=object)[index]
