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
        typer.Option("--map", help="Map that must be heard of; may be repeated."),
    ] = None,
    silence: Annotated[
        float,
        typer.Option(min=_LEAST, max=_WEEK, help="Minutes without a heartbeat until it is said."),
    ] = _SILENCE,
) -> None:
    """Have Prefect tell a person what is held, refused, faulty, late, or silent.

    Makes the automations on the server of PREFECT_API_URL, or brings them up to date.
    """
    from flows.alerting import tell
    from flows.receivers import receiver
    from schemas.catalogue import load_catalogue

    address = sys.stdin.readline() if to == "-" else to
    catalogue = load_catalogue()
    named = [catalogue.map_view(map_id).map.id for map_id in maps or catalogue.maps]
    for name in tell(receiver(address), named, silence):
        console.print(name, highlight=False)
