"""`onemap alerts`: whom Prefect tells when a map needs a person, or is heard of no more."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cli.output import console

_SILENCE = 75.0
"""Minutes: the hour between two looks, the time that one takes, and some patience."""
_LEAST = 1 / 6
"""Prefect judges silence from ten seconds on."""
_WEEK = 7 * 24 * 60.0


def alerts(
    to: Annotated[
        str,
        typer.Option(
            envvar="ONEMAP_ALERTS_TO",
            help="Webhook, LINE or mailbox; - reads it from standard input, out of others' sight.",
        ),
    ],
    maps: Annotated[
        list[str] | None,
        typer.Option("--map", help="Map that must be heard of; may be repeated. As in deploy."),
    ] = None,
    silence: Annotated[
        float,
        typer.Option(min=_LEAST, max=_WEEK, help="Minutes without a heartbeat until it is said."),
    ] = _SILENCE,
) -> None:
    """Have Prefect tell a person what is held, refused, faulty, late, or silent.

    Makes the automations on the server of PREFECT_API_URL, or brings them up to date.
    """
    from flows.deployments import wanted
    from flows.serving import require_server
    from flows.telling.receivers import receiver
    from geo.settings import from_environment
    from schemas.catalogue import load_catalogue

    told = receiver(sys.stdin.readline() if to == "-" else to)
    heard = [one.map_id for one in wanted(load_catalogue(), from_environment(), maps)]
    require_server()
    from flows.telling.alerting import tell

    for name in tell(told, heard, silence):
        console.print(name, markup=False, highlight=False)
