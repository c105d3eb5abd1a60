"""`onemap init`: a city's own project, with an example in it that runs."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from cli.language import Words
from cli.options import LangOption
from cli.output import Answer
from geo.errors import ConfigurationError

TEMPLATE = Path(__file__).parent / "template"
EXAMPLE = "example"
"""The map of the template."""

_LINE = Words(th="  {line}", en="  {line}")
_MADE = Words(
    th="สร้างโครงการของเมืองแล้วที่ {folder} อ่าน README.th.md ในนั้นว่าอะไรอยู่ที่ไหน คำสั่งต่อไปคือ",
    en="A city's own project is in {folder}; its README.md says what is where. Next:",
)


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make; an empty one may be there.")],
    lang: LangOption = None,
) -> None:
    """Make a city's own project: declarations upon the built-in ones, with an example to run."""
    from schemas.project import folder_named

    made = folder_named(str(folder))
    if not str(made).isprintable():
        raise ConfigurationError(f"{str(made)!r} cannot be typed; name another folder")
    _write(made)
    answer = Answer(asked=lang)
    answer.say(_MADE, folder=made)
    onemap = shlex.quote(_program())
    for line in (
        f"export ONEMAP_DECLARATIONS={shlex.quote(str(made))}",
        f"{onemap} lint",
        f"{onemap} run --map {EXAMPLE}",
        f"{onemap} serve --map {EXAMPLE}",
    ):
        answer.say(_LINE, line=line)


def _write(folder: Path) -> None:
    """Copies every file; nothing that is there is written over."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ConfigurationError(f"{folder} is not empty; name a new or an empty folder")
        for source, name in _files():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as read, (folder / name).open("xb") as written:
                shutil.copyfileobj(read, written)
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be made ({error.strerror}); name a folder that you may write"
        ) from error


def _files() -> Iterator[tuple[Path, Path]]:
    """Every file of a project and its name in it: the template's, and the editors' schemas."""
    from schemas.json_schema import FOLDER

    for path in sorted(TEMPLATE.rglob("*")):
        if path.is_file():
            yield path, path.relative_to(TEMPLATE)
    for path in sorted(FOLDER.glob("*.schema.json")):
        if path.name != "issues.schema.json":  # no project declares issues
            yield path, Path("json", path.name)


def _program() -> str:
    """`onemap` as it is called from any folder: by its name, where the shell finds this one."""
    called = Path(sys.argv[0]).absolute()
    this = called if called.name != "__main__.py" else Path(sys.executable).with_name("onemap")
    found = shutil.which("onemap")
    if found and Path(found).resolve() == this.resolve():
        return "onemap"
    return str(this)
