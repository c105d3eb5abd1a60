"""ZIP archives whose bytes depend on their content alone."""

from __future__ import annotations

import zipfile
from pathlib import Path

WRITTEN = (2026, 1, 5, 9, 0, 0)  # the date of each member


class _ThaiWindowsMember(zipfile.ZipInfo):
    """A member named in CP874 without the UTF-8 flag, as Thai Windows writes it."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802  zipfile's own hook
        return self.filename.encode("cp874"), self.flag_bits & ~0x800


def write_zip(path: Path, members: dict[str, bytes], *, thai_windows: bool = False) -> None:
    """Write members in the given order; `thai_windows` names them in CP874."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = _ThaiWindowsMember if thai_windows else zipfile.ZipInfo
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in members.items():
            member = kind(name, WRITTEN)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 0
            archive.writestr(member, content)
