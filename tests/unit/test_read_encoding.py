"""Encoding by bytes."""

from __future__ import annotations

import pytest

from geo.reader.encoding import convert, decide
from geo.reader.refused import Refused

pytestmark = pytest.mark.usefixtures("quick_reader")

THAI = "ศูนย์บริการสาธารณสุข 34 โพธิ์ศรี เขตจตุจักร"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"plain", "ascii"),
        (THAI.encode(), "utf-8"),
        (THAI.encode("cp874"), "cp874"),
        ("“สวน” – ๑๒๓ … €".encode("cp874"), "cp874"),
        ("เขต".encode("cp874"), "cp874"),  # also one valid, rare character of UTF-8
        ("Café São Paulo".encode(), "utf-8"),
        ("\ufeffชื่อ".encode(), "utf-8"),
        (THAI.encode("utf-16"), "utf-16"),
    ],
)
def test_encoding_is_found(data: bytes, found: str) -> None:
    assert decide(data) == found


@pytest.mark.parametrize(
    "data",
    [
        "Café São Paulo, Müller, Ångström".encode("latin-1"),
        "東京都港区".encode("shift_jis"),
        b"abc \xd1\xd4 \xd5\xd6 \xe8\xe9",  # marks without a letter before them
        bytes(range(128, 256)),
    ],
)
def test_what_is_no_thai_is_refused(data: bytes) -> None:
    with pytest.raises(Refused, match="encoding_unreadable"):
        decide(data)


def test_one_slip_of_the_typist_is_no_other_encoding() -> None:
    assert decide((THAI * 30 + " ่ก").encode("cp874")) == "cp874"


def test_a_declared_encoding_is_not_overruled() -> None:
    assert decide(THAI.encode("cp874"), "cp874") == "cp874"
    with pytest.raises(Refused):
        decide(THAI.encode("cp874"), "utf-8")


def test_tails_cut_at_a_field_s_width_are_dropped_and_counted() -> None:
    whole, cut = "สวน".encode(), "สวน".encode()[:-1]
    data = whole + b"\0" + cut + b"\0" + cut[:-1]
    assert decide(data, cut_at_nul=True) == "utf-8"
    decoded = convert(data, "utf-8", cut_at_nul=True)
    assert decoded.text.split("\0") == ["สวน", "สว", "สว"]
    assert decoded.cut_tails == 2
