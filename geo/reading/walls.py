"""Which walls stand around the reader on this machine, and what to do about one that is missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from geo.errors import WallsMissing
from geo.settings import WALLS
from geo.states import Sandbox
from schemas.models import Bilingual

_NAMES: Mapping[str, tuple[str, str]] = {
    "landlock": ("รายชื่อไฟล์ที่อ่านได้ (Landlock)", "the file allow-list (Landlock)"),
    "seccomp": ("ตัวกรองคำสั่งระบบ (seccomp)", "the system-call filter (seccomp)"),
    "network": ("เครือข่ายว่าง (network namespace)", "an empty network (network namespace)"),
    "user": ("ผู้ใช้ที่ไม่มีสิทธิ์ (another user)", "a user of its own (another user)"),
}
_ADVICE: Mapping[str, tuple[str, str]] = {
    "landlock": (
        "Landlock ต้องใช้ Linux 5.13 ขึ้นไป และมีคำว่า landlock ใน /sys/kernel/security/lsm "
        "(เพิ่มใน lsm= ตอนเปิดเครื่อง) ใน Docker ใช้รุ่น 23 ขึ้นไปกับโปรไฟล์ seccomp มาตรฐาน",
        "Landlock needs Linux 5.13 or later and the word landlock in /sys/kernel/security/lsm "
        "(add it to lsm= at boot); in Docker, version 23 or later with the default seccomp profile",
    ),
    "seccomp": (
        "seccomp ต้องใช้เครื่อง x86_64 หรือ aarch64 และเคอร์เนลที่มี CONFIG_SECCOMP_FILTER",
        "seccomp needs a machine of x86_64 or aarch64 and a kernel with CONFIG_SECCOMP_FILTER",
    ),
    "network": (
        "network namespace ต้องอนุญาตให้สร้าง user namespace หรือให้สิทธิ์ CAP_SYS_ADMIN",
        "a network namespace needs user namespaces to be allowed, or CAP_SYS_ADMIN",
    ),
    "user": (
        "การเปลี่ยนผู้ใช้ต้องเริ่มด้วย root ที่มี CAP_SETUID, CAP_SETGID และ CAP_CHOWN",
        "another user needs a start as root with CAP_SETUID, CAP_SETGID and CAP_CHOWN",
    ),
}


@dataclass(frozen=True)
class Walls:
    """What stood around a child of this machine, and what is required for agencies' files."""

    sandbox: Sandbox
    required: frozenset[str]

    @property
    def standing(self) -> tuple[str, ...]:
        """Names of the walls that stand, as in ONEMAP_REQUIRE_WALLS."""
        return tuple(name for name, field in WALLS.items() if getattr(self.sandbox, field))

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of required walls that do not stand: no agency's file is read."""
        return tuple(name for name in WALLS if name in self.required - {*self.standing})

    def require(self) -> None:
        """Raises WallsMissing, with advice, if a required wall does not stand."""
        if self.missing:
            names = tuple(_NAMES[name][1] for name in self.missing)
            raise WallsMissing(names, _advice(self.missing, 1) + ". " + _OTHERWISE[1])

    def sentence(self) -> Bilingual:
        """One line of a run: what stands, what does not, and what to do where one is required."""
        return Bilingual(th=self._said(0), en=self._said(1))

    def _said(self, language: int) -> str:
        stand, absent, closed = _WORDS[language]
        said = f"{stand}: {_listed(self.standing, language)}."
        if others := [name for name in WALLS if name not in self.standing]:
            said += f" {absent}: {_listed(others, language)}."
        if self.missing:
            said += f" {closed} {_advice(self.missing, language)}. {_OTHERWISE[language]}"
        return said


_WORDS = (
    (
        "กำแพงรอบโปรแกรมอ่านไฟล์",
        "ใช้ที่เครื่องนี้ไม่ได้",
        "จึงไม่อ่านไฟล์ของหน่วยงาน อ่านได้เฉพาะไฟล์ตัวอย่างที่ระบบสร้างเอง",
    ),
    (
        "Walls around the reader",
        "Cannot stand here",
        "So no file of an agency is read, only the sample's own.",
    ),
)
_OTHERWISE = (
    "หรือกำหนดให้น้อยลงด้วย ONEMAP_REQUIRE_WALLS หากเชื่อถือไฟล์ทุกไฟล์",
    "Or require less with ONEMAP_REQUIRE_WALLS, if every file can be trusted",
)


def _listed(names: Collection[str], language: int) -> str:
    return ", ".join(_NAMES[name][language] for name in names) or "-"


def _advice(names: Collection[str], language: int) -> str:
    return "; ".join(_ADVICE[name][language] for name in names)
