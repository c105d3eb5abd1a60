"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.language import Language

MapOption = Annotated[
    str, typer.Option("--map", envvar="ONEMAP_MAP", help="Map to work on (one map, one database).")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON: keys in English, times in UTC.")
]
LangOption = Annotated[
    Language | None,
    typer.Option("--lang", help="Language of the answer; that of the locale, if none is asked."),
]
