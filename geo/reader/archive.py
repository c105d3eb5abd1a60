"""Unpack a zip that a stranger packed: named kinds of member are refused, real bytes counted."""

from __future__ import annotations

import errno
import lzma
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from geo.reader.refused import Refused

UTF8_NAME_FLAG, ENCRYPTED_FLAG = 0x800, 0x1
NESTED = frozenset({".zip", ".rar", ".7z", ".gz", ".tgz", ".tar", ".bz2", ".xz"})
BLOCK_BYTES = 1 << 20


def unpack(
    archive: Path, into: Path, wanted: Collection[str], limits: Mapping[str, int]
) -> dict[str, Path]:
    """Unpack the members whose suffix is `wanted`, under names of our own making.

    `limits`: unpacked_bytes, members. Returns the path of each wanted member by its name in the
    archive. All members are checked, wanted or not. Raises `Refused`.
    """
    with opened(archive) as zipped:
        members = {
            name: info
            for name, info in checked_members(zipped, limits["members"]).items()
            if PurePosixPath(name.lower()).suffix in wanted
        }
        refuse_large(members, limits["unpacked_bytes"])
        return _extract(zipped, members, into, limits["unpacked_bytes"])


@contextmanager
def opened(archive: Path) -> Iterator[zipfile.ZipFile]:
    """An archive to read from. Whatever is wrong with it, then or later, is `Refused` zip_broken.

    Offsets that a damaged archive states can lie before its beginning: seeking there is EINVAL.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            yield zipped
    except (
        *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError),
        *(NotImplementedError, RuntimeError, ValueError),
    ) as error:
        raise Refused("zip_broken", str(error)) from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise Refused("zip_broken", str(error)) from error


def checked_members(zipped: zipfile.ZipFile, most: int) -> dict[str, zipfile.ZipInfo]:
    """The files of an archive by their true names; `Refused` names the first fault."""
    infos = [info for info in zipped.infolist() if not info.is_dir()]
    if len(infos) > most:
        raise Refused("zip_too_many_members", str(len(infos)))
    members: dict[str, zipfile.ZipInfo] = {}
    folded: set[str] = set()
    for info in infos:
        name = _true_name(info)
        _refuse_unsafe(info, name)
        key = unicodedata.normalize("NFC", name).casefold()
        if key in folded:
            raise Refused("zip_duplicate_member", name)
        folded.add(key)
        if not _is_desktop_litter(name):
            members[name] = info
    return members


def refuse_large(members: Mapping[str, zipfile.ZipInfo], most: int) -> None:
    """Refuse by the sizes that members state, before any is unpacked.

    They may lie, so who unpacks counts again.
    """
    stated = sum(info.file_size for info in members.values())
    if stated > most:
        raise Refused("zip_too_large", f"{stated} bytes")


def _true_name(info: zipfile.ZipInfo) -> str:
    """Without the UTF-8 flag a name is UTF-8 (macOS), CP874 (Thai Windows) or CP437."""
    if info.flag_bits & UTF8_NAME_FLAG:
        return info.filename
    raw = info.filename.encode("cp437")
    for encoding in ("utf-8", "cp874"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def _refuse_unsafe(info: zipfile.ZipInfo, name: str) -> None:
    if info.flag_bits & ENCRYPTED_FLAG:
        raise Refused("zip_encrypted", name)
    mode = stat.S_IFMT(info.external_attr >> 16)
    if mode and not stat.S_ISREG(mode):
        raise Refused("zip_symlink", name)
    parts = re.split(r"[\\/]", name)
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name) or ".." in parts:
        raise Refused("zip_unsafe_path", name)
    if PurePosixPath(name.lower()).suffix in NESTED:
        raise Refused("zip_nested", name)


def _is_desktop_litter(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith("._")


def _extract(
    zipped: zipfile.ZipFile,
    members: Mapping[str, zipfile.ZipInfo],
    into: Path,
    most: int,
) -> dict[str, Path]:
    unpacked: dict[str, Path] = {}
    total = 0
    for number, (name, info) in enumerate(members.items()):
        target = into / f"member{number}{PurePosixPath(name.lower()).suffix}"
        with zipped.open(info) as packed, target.open("xb") as file:
            while block := packed.read(BLOCK_BYTES):
                total += len(block)
                if total > most:
                    raise Refused("zip_too_large", name)
                file.write(block)
        unpacked[name] = target
    return unpacked
