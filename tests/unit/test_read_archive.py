"""Zips of strangers: refused by kind, counted by their real bytes."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest

from geo.reader.archive import unpack
from geo.reader.refused import Refused
from tests.unit.deliveries import zipped

pytestmark = pytest.mark.usefixtures("quick_reader")

LIMITS = {"unpacked_bytes": 1 << 20, "members": 20}


def unpacked(tmp_path: Path, content: bytes) -> dict[str, Path]:
    archive = tmp_path / "archive"
    archive.write_bytes(content)
    (tmp_path / "into").mkdir()
    return unpack(archive, tmp_path / "into", (".shp", ".dbf"), LIMITS)


def with_member(name: str, *, mode: int = 0o100644, flag: int = 0) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        archive.writestr(info, b"/etc/passwd")
    content = bytearray(buffer.getvalue())
    central = content.rindex(b"PK\x01\x02")
    content[central + 8] |= flag
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (with_member("../a.shp"), "zip_unsafe_path"),
        (with_member("/etc/a.shp"), "zip_unsafe_path"),
        (with_member("C:/a.shp"), "zip_unsafe_path"),
        (with_member("in\\..\\..\\a.shp"), "zip_unsafe_path"),
        (with_member("a.shp", mode=0o120777), "zip_symlink"),
        (with_member("a.shp", flag=0x1), "zip_encrypted"),
        (with_member("inner.zip"), "zip_nested"),
        (zipped({"A.shp": b"1", "a.SHP": b"2"}), "zip_duplicate_member"),
        (zipped({f"{i}.txt": b"" for i in range(30)}), "zip_too_many_members"),
        (zipped({"a.shp": b"\0" * (2 << 20)}), "zip_too_large"),
        (zipped({"a.shp": b"x" * 100})[:-30], "zip_broken"),
        (b"PK\x03\x04 and no more", "zip_broken"),
    ],
)
def test_unsafe_archives_are_refused_by_kind(tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        unpacked(tmp_path, content)
    assert refused.value.code == code


def test_sizes_that_a_member_states_are_not_believed(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.shp": b"\0" * (2 << 20)}))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(signature) + offset
        content[at : at + 4] = struct.pack("<I", 10)
    with pytest.raises(Refused) as refused:
        unpacked(tmp_path, bytes(content))
    assert refused.value.code in {"zip_too_large", "zip_broken"}
    assert sum(path.stat().st_size for path in (tmp_path / "into").iterdir()) <= 2 << 20


def test_what_states_too_large_a_size_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    content = zipped({"a.shp": b"\0" * (600 << 10), "a.dbf": b"\0" * (600 << 10)})
    with pytest.raises(Refused, match="zip_too_large"):
        unpacked(tmp_path, content)
    assert list((tmp_path / "into").iterdir()) == []


def test_large_members_that_nobody_wants_are_not_counted(tmp_path: Path) -> None:
    content = zipped({"a.shp": b"1", "photo.tif": b"\0" * (2 << 20)})
    assert list(unpacked(tmp_path, content)) == ["a.shp"]


@pytest.mark.parametrize("where", [b"PK\x05\x06", b"PK\x01\x02"])
def test_offsets_that_lie_are_a_broken_archive(tmp_path: Path, where: bytes) -> None:
    content = bytearray(zipped({"a.shp": b"1"}))
    at = content.index(where)
    content[at + 4 : at + 46] = b"\xff" * len(content[at + 4 : at + 46])
    with pytest.raises(Refused):
        unpacked(tmp_path, bytes(content))


@pytest.mark.parametrize("encoding", ["cp874", "utf-8"])
def test_thai_names_without_the_utf8_flag_are_read(tmp_path: Path, encoding: str) -> None:
    name = "เขตบางรัก.shp"
    plain = "x" * len(name.encode(encoding)[:-4]) + ".shp"
    content = zipped({plain: b"1"}).replace(plain.encode(), name.encode(encoding))
    assert list(unpacked(tmp_path, content)) == [name]


def test_desktop_litter_and_other_members_are_left(tmp_path: Path) -> None:
    members = {"__MACOSX/._a.shp": b"1", "d/": b"", "d/a.shp": b"2", "readme.txt": b"3"}
    files = unpacked(tmp_path, zipped(members))
    assert {name: path.read_bytes() for name, path in files.items()} == {"d/a.shp": b"2"}
