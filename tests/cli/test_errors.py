"""What goes wrong is one line with words in it, whatever it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import typer

import geo.space.declared_crs  # noqa: F401  it has an error of its own
from cli import main
from geo.errors import GeoError
from schemas.errors import DeclarationError, UnknownMapError
from tests.cli.conftest import Onemap


def kinds(base: type[GeoError] = GeoError) -> Iterator[type[GeoError]]:
    yield base
    for kind in base.__subclasses__():
        yield from kinds(kind)


def made(kind: type[GeoError], word: str) -> GeoError:
    """An error whose texts are all this word."""
    hints = get_type_hints(kind)
    values: dict[Any, Any] = {str: word, int: 0, float: 0.0, Path: Path()}
    return kind(*(values.get(hints[field.name], ()) for field in fields(kind)))


def said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException
) -> tuple[int, str]:
    """Exit code and words of a command that ends with this error."""

    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(main, "app", fail)
    code = main._exit_code()
    return code, capsys.readouterr().err


@pytest.mark.parametrize("word", ["", " ", "\n", "[bold]x[/bold]"], ids=repr)
@pytest.mark.parametrize("kind", sorted(set(kinds()), key=lambda kind: kind.__name__))
def test_no_error_is_without_words(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: type[GeoError],
    word: str,
) -> None:
    code, words = said(monkeypatch, capsys, made(kind, word))
    assert words.startswith("error: ") and any(map(str.isalpha, words.removeprefix("error: ")))
    assert code == kind.exit_code != 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ValueError(), os.EX_SOFTWARE),
        (ValueError("\n"), os.EX_SOFTWARE),
        (KeyError(""), os.EX_SOFTWARE),
        (AssertionError(), os.EX_SOFTWARE),
        (DeclarationError([]), os.EX_CONFIG),
        (UnknownMapError("", []), os.EX_CONFIG),
    ],
    ids=repr,
)
def test_nor_is_one_that_nobody_foresaw(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    code: int,
) -> None:
    found, words = said(monkeypatch, capsys, error)
    assert words.startswith("error: ") and words.removeprefix("error: ").strip()
    assert ": :" not in words and ":  (" not in words
    assert found == code


def test_what_was_stopped_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(monkeypatch, capsys, typer.Abort()) == (130, "stopped\n")


@pytest.mark.parametrize("arguments", [(), ("db",)])
def test_without_a_command_it_lists_them_and_says_no_empty_error(
    onemap: Onemap, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    result = onemap(*arguments, home=tmp_path)
    assert "Usage: " in result.stdout and "Commands" in result.stdout
    assert (result.returncode, result.stderr) == (2, "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--nix",), "No such option: --nix"),
        (("nix",), "No such command 'nix'."),
        (("show",), "Missing argument 'SOURCE|RUN'."),
        (("run", "--source"), "Option '--source' requires an argument."),
        (("runs", "--limit", "0"), "Invalid value for '--limit'"),
        (("status", "--lang", "de"), "Invalid value for '--lang'"),
        (("diff", "-1"), "No such option: -1"),
    ],
)
def test_a_usage_error_says_what_is_wrong(
    onemap: Onemap, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    result = onemap(*arguments, home=tmp_path)
    assert result.stderr.startswith(f"error: {words}") and len(result.stderr.splitlines()) == 1
    assert result.returncode == 2


def test_the_version_is_one_line(onemap: Onemap, tmp_path: Path) -> None:
    result = onemap("--version", home=tmp_path)
    assert result.stdout.startswith("One Map 0.") and len(result.stdout.splitlines()) == 1
    assert result.returncode == 0
