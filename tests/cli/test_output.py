"""How every command answers: in Thai or English, as a table or as JSON."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from cli.language import Language, Words, spoken
from cli.output import Answer, Column
from schemas.models import Bilingual

COLUMNS = [
    Column("source", Words("แหล่งข้อมูล", "source")),
    Column("since", Words("ตั้งแต่", "since")),
    Column("rows", Words("แถว", "rows"), number=True),
    Column("why", Words("เหตุผล", "why")),
]
NOTHING = Words("ไม่มี", "Nothing.")
ROW = {
    "source": "parks",
    "since": datetime(2026, 11, 25, 20, 30, tzinfo=UTC),
    "rows": 1234,
    "why": Bilingual(th="น้อยไป", en="too few"),
    "as_of": date(2026, 1, 2),
}


@pytest.mark.parametrize(
    ("asked", "locale", "language"),
    [
        (Language.en, {"LANG": "th_TH.UTF-8"}, "en"),
        (Language.th, {"LANG": "en_GB.UTF-8"}, "th"),
        (None, {"LANG": "th_TH.UTF-8"}, "th"),
        (None, {"LC_ALL": "C.UTF-8", "LANG": "th_TH.UTF-8"}, "en"),
        (None, {"LC_ALL": "", "LC_MESSAGES": "th_TH", "LANG": "C"}, "th"),
        (None, {"LANG": "C"}, "en"),
        (None, {}, "en"),
    ],
)
def test_the_language_is_the_asked_one_else_the_locales(
    monkeypatch: pytest.MonkeyPatch, asked: Language | None, locale: dict[str, str], language: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in locale.items():
        monkeypatch.setenv(name, value)
    assert spoken(asked) == language


def test_people_read_their_language_and_bangkoks_time(capsys: pytest.CaptureFixture[str]) -> None:
    Answer(asked=Language.th).rows(COLUMNS, [ROW], NOTHING)
    shown = capsys.readouterr().out
    assert "แหล่งข้อมูล" in shown and "น้อยไป" in shown and "too few" not in shown
    assert "2026-11-26 03:30" in shown and "1,234" in shown
    Answer(asked=Language.en).rows(COLUMNS, [ROW], NOTHING)
    shown = capsys.readouterr().out
    assert "source" in shown and "too few" in shown


def test_programs_read_english_keys_and_utc(capsys: pytest.CaptureFixture[str]) -> None:
    Answer(True, Language.th).rows(COLUMNS, [ROW], NOTHING)
    (read,) = json.loads(capsys.readouterr().out)
    assert read == {
        "source": "parks",
        "since": "2026-11-25T20:30:00Z",
        "rows": 1234,
        "why": {"th": "น้อยไป", "en": "too few"},
        "as_of": "2026-01-02",
    }


def test_nothing_is_a_sentence_or_an_empty_list(capsys: pytest.CaptureFixture[str]) -> None:
    Answer(asked=Language.en).rows(COLUMNS, [], NOTHING)
    assert capsys.readouterr().out == "Nothing.\n"
    Answer(True).rows(COLUMNS, [], NOTHING)
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize("hostile", ["x\x1b[2J", "\u202eabc", "\x9b1m", "\ud800", "\U000e0041"])
def test_an_agencys_words_do_nothing_and_programs_read_them_whole(
    capsys: pytest.CaptureFixture[str], hostile: str
) -> None:
    row = {"source": f"{hostile} [red]x[/red] {{y}}"}
    Answer(asked=Language.en).rows(COLUMNS[:1], [row], NOTHING)
    Answer(asked=Language.en).say(Words("{x}", "It is {x}."), x=hostile)
    shown = capsys.readouterr().out
    assert hostile not in shown and "[red]x[/red] {y}" in shown
    Answer(True).rows(COLUMNS, [row], NOTHING)
    printed = capsys.readouterr().out
    assert hostile not in printed
    assert json.loads(printed) == [row]


def test_what_is_typed_again_is_never_broken(capsys: pytest.CaptureFixture[str]) -> None:
    ids = ["bangkok_health_catchments_of_the_north", "bangkok_health_catchments_of_the_south"]
    words = Column("why", Words("เหตุผล", "why"))
    sources = Column("sources", Words("แหล่ง", "sources"), whole=True)
    Answer().table([words, sources], [{"why": "a reason " * 20, "sources": ids}])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines[2:4]] == ids
