"""What the command line says of a delivery's outcome, and the exit code that goes with it."""

from __future__ import annotations

import json
import os
from typing import cast, get_args

import pytest
import typer
from rich.cells import cell_len
from rich.text import Text
from typer.testing import CliRunner

from cli import review, upgrading
from cli.language import Language, Words
from cli.main import app
from cli.output import Answer, Column
from cli.refreshing import _row, print_outcomes
from flows import deciding, opening
from flows import upgrading as flows_upgrading
from flows.job import Job, RefreshResult, SourceOutcome
from flows.upgrading import Change
from geo.rereading import Differences
from geo.states import Outcome, Refusal
from schemas.catalogue import load_catalogue
from schemas.models import Bilingual


def result_of(outcome: Outcome) -> RefreshResult:
    return RefreshResult((SourceOutcome("parks", "parks", outcome, "few rows", 12),), None)


def test_the_hint_names_the_map(capsys: pytest.CaptureFixture[str]) -> None:
    print_outcomes(result_of("held"), "songkhla")
    assert "onemap approve 12 --map songkhla --by NAME --reason TEXT" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("accepted", os.EX_OK),
        ("unchanged", os.EX_OK),
        ("held", os.EX_DATAERR),
        ("absent", os.EX_OK),
        ("rejected", os.EX_OK),
        ("refused", os.EX_DATAERR),
        ("incomplete", os.EX_DATAERR),
        ("unreachable", os.EX_UNAVAILABLE),
        ("fault", os.EX_SOFTWARE),
    ],
)
def test_an_approval_exits_with_the_outcome_of_its_source(
    monkeypatch: pytest.MonkeyPatch, outcome: Outcome, code: int
) -> None:
    monkeypatch.setattr(review, "open_map", lambda _: cast("Job", None))
    monkeypatch.setattr(deciding, "approve", lambda *_, **__: result_of(outcome))
    with pytest.raises(typer.Exit) as ended:
        review.approve(12, "x", "y")
    assert ended.value.exit_code == code


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ((), os.EX_OK),
        (("accepted", "absent", "rejected"), os.EX_OK),
        (("accepted", "held", "unchanged"), os.EX_DATAERR),
        (("unreachable", "refused"), os.EX_UNAVAILABLE),
        (("fault", "unreachable", "held"), os.EX_SOFTWARE),
    ],
)
def test_of_several_outcomes_the_worst_is_the_exit_code(
    outcomes: tuple[Outcome, ...], code: int
) -> None:
    sources = tuple(SourceOutcome("parks", "parks", outcome) for outcome in outcomes)
    assert RefreshResult(sources, None).exit_code == code


def test_a_fault_is_red_and_says_how_to_report_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_outcomes(result_of("fault"), "songkhla")
    told = capsys.readouterr()
    assert "parks: fault: few rows" in told.err
    assert "send the line above to those who maintain One Map" in told.err
    row = _row(result_of("fault").sources[0], Answer())
    assert row["told"] == Text("fault", style="bold red")


def test_a_release_that_was_not_made_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    result = RefreshResult((), None, "ValueError at geo/publish.py:1 publish")
    print_outcomes(result, "songkhla")
    told = capsys.readouterr()
    assert "no release was made: fault: ValueError at" in told.err
    assert "Nothing changed" not in told.out
    assert result.exit_code == os.EX_SOFTWARE


def test_help_names_the_exit_codes() -> None:
    told = CliRunner().invoke(app, ["run", "--help"]).output
    assert all(code in told for code in ("65", "69", "70", "78"))


def test_it_is_said_why_something_was_read_again(capsys: pytest.CaptureFixture[str]) -> None:
    why = "severity of key_missing error, agency -> warning, agency"
    source = SourceOutcome("parks", "parks", "accepted", run_id=12, because=why)
    print_outcomes(RefreshResult((source,), None), "sample")
    assert f"parks: read again because: {why}" in capsys.readouterr().err


def test_a_dry_run_lists_what_an_upgrade_changes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gives = Differences(20, 18, 2, 0, 1, 3, 189.25, {"name_th": 4})
    refused = Refusal(code="x", message=Bilingual(th="ไม่ได้", en="no such layer"))
    changes = [Change("parks", "PROJ 9 -> 10", gives), Change("spas", "codes changed", refused)]
    monkeypatch.setattr(opening, "open_review", lambda *_: None)
    monkeypatch.setattr(flows_upgrading, "preview", lambda _: iter(changes))
    assert upgrading._preview("sample", Answer()) == os.EX_OK
    said = capsys.readouterr()
    assert "sample: parks would be read again because: PROJ 9 -> 10" in said.err
    line = next(line for line in said.out.splitlines() if "parks" in line)
    assert line.split() == ["parks", "20", "18", "2", "0", "1", "3", "189.2", "name_th", "4"]
    assert "refused: no such layer" in said.out


def test_an_agencys_words_do_nothing_in_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    column = Column("words", Words("คำ", "words"))
    Answer().table([column], [{"words": "x\x1b[2Jy [bold]z[/bold] \u202e"}])
    assert r"x\x1b[2Jy [bold]z[/bold] \u202e" in capsys.readouterr().out


@pytest.mark.parametrize("language", list(Language))
def test_the_closing_table_fits_a_hundred_columns(
    capsys: pytest.CaptureFixture[str], language: Language
) -> None:
    catalogue = load_catalogue()
    counts = dict.fromkeys(("rows_in", "published", "quarantined", "filtered"), 5282)
    counts |= {"at_area": 2_003, "repaired": 5_282, "warnings": 5_282}
    sources = tuple(
        SourceOutcome(
            *(source.id, source.layer, cast("Outcome", outcome)),
            **counts,
            added=120,
            changed=300,
            removed=45,
        )
        for map_id in ("sample", "bangkok")
        for source in catalogue.map_view(map_id).sources
        for outcome in get_args(Outcome)
    )
    print_outcomes(RefreshResult(sources, None), "sample", Answer(asked=language))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(sources) + 4, "no cell takes two lines"
    assert max(map(cell_len, lines)) <= 100
    assert sum("+120 ~300 -45" in line for line in lines) == len(sources)


def test_programs_get_the_closing_table_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_outcomes(result_of("held"), "songkhla", Answer(as_json=True))
    told = json.loads(capsys.readouterr().out)
    (source,) = told["sources"]
    assert (source["outcome"], source["run"], told["exit_code"]) == ("held", 12, os.EX_DATAERR)
    assert source["reason"] == {"th": "few rows", "en": "few rows"}
