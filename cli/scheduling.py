"""`onemap deploy`, `worker` and `schedule`: Prefect says when, and a worker does it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import console, errors

if TYPE_CHECKING:
    from flows.deployments import Deployment

Maps = Annotated[
    list[str] | None,
    typer.Option(
        "--map", help="This map alone; may be given again. Default: those that have deliveries."
    ),
]


def deploy(maps: Maps = None) -> None:
    """Register the schedule of the maps with the Prefect server that PREFECT_API_URL names.

    Each map is looked after every hour, and what is due by its declared schedule is taken in. What
    was paused or rescheduled in Prefect's own pages stays so.
    """
    from flows.serving import require_server

    wanted, declared = _deployments(maps)
    require_server()
    _register(wanted, declared)


def worker(maps: Maps = None) -> None:
    """Make the runs that are planned, until stopped. Waits for its server; pauses nothing."""
    from flows.serving import wait_for_server

    wanted, declared = _deployments(maps)
    wait_for_server(_say)
    _work(wanted if maps else declared)


def schedule(
    maps: Maps = None,
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port of Prefect's pages, if it is free.")
    ] = 4200,
) -> None:
    """Look after the maps on this machine: Prefect's server, the deployments, and a worker.

    The server is private to the state folder. Ctrl-C or SIGTERM ends all of it. Where
    PREFECT_API_URL names a server, that one is used, and none is started.
    """
    from flows.serving import wait_for_server

    wanted, declared = _deployments(maps)
    if os.environ.get("PREFECT_API_URL"):
        wait_for_server(_say)
        _register(wanted, declared)
        _work(wanted if maps else declared)
        return
    _with_own_server(wanted, declared, wanted if maps else declared, port)


def _with_own_server(
    wanted: list[Deployment], declared: list[Deployment], served: list[Deployment], port: int
) -> None:
    from flows.serving import require_server
    from geo.settings import from_environment
    from server.prefect import prefect_server

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: ends the server, too
    settings = from_environment()
    _say("starting Prefect's server (the first start takes longer)")
    with prefect_server(settings, port) as server:
        _say(f"Prefect's pages: {server.url.removesuffix('/api')}")
        os.environ["PREFECT_API_URL"] = server.url
        os.environ["PREFECT_HOME"] = str(settings.home / "prefect")
        require_server()
        _register(wanted, declared)
        _work(served)


def _deployments(maps: list[str] | None) -> tuple[list[Deployment], list[Deployment]]:
    """Those that are wanted, and all that are declared."""
    from flows.deployments import deployments, wanted
    from geo.settings import from_environment
    from schemas.catalogue import load_catalogue

    catalogue = load_catalogue()
    return wanted(catalogue, from_environment(), maps), deployments(catalogue)


def _register(wanted: list[Deployment], declared: list[Deployment]) -> None:
    from flows.registering import register

    done = register(wanted, declared)
    for names, what in ((done.made, "registered"), (done.kept, "kept"), (done.removed, "removed")):
        for name in names:
            console.print(f"{what}: {name}", markup=False, highlight=False)


def _work(served: list[Deployment]) -> None:
    from flows.working import work

    work([deployment.name for deployment in served], _say)


def _say(words: str) -> None:
    errors.print(words, markup=False, highlight=False, soft_wrap=True)
