"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

MapOption = Annotated[
    str, typer.Option("--map", envvar="ONEMAP_MAP", help="Map to work on (one map, one database).")
]
