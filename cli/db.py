"""`onemap db`: the map's database."""

from __future__ import annotations

import os
import shutil
from enum import StrEnum
from typing import Annotated

import typer

from cli.options import MapOption
from cli.output import console, errors

app = typer.Typer(
    help="The private PostgreSQL cluster and the maps' databases.", no_args_is_help=True
)


class Role(StrEnum):
    """Roles of a map's database, as in server.cluster."""

    onemap = "onemap"
    onemap_planner = "onemap_planner"
    onemap_web = "onemap_web"


RoleOption = Annotated[Role, typer.Option("--role", help="Whose rights; onemap owns the map.")]


@app.command()
def start() -> None:
    """Start the private cluster (made at the first start); finds one that runs already."""
    from geo.settings import from_environment
    from server import cluster

    status = cluster.start(from_environment())
    if status.notice:
        errors.print(status.notice, highlight=False)
    console.print(
        f"{'runs already' if status.found else 'started'}: {status.folder}", highlight=False
    )


@app.command()
def stop() -> None:
    """Stop the private cluster."""
    from geo.settings import from_environment
    from server import cluster

    console.print(f"stopped: {cluster.stop(from_environment()).folder}", highlight=False)


@app.command()
def status() -> None:
    """Say whether the private cluster runs, and where it lies."""
    from geo.settings import from_environment
    from server import cluster

    found = cluster.status(from_environment())
    state = f"runs (pid {found.pid}, user {found.user})" if found.running else "does not run"
    console.print(f"{state}: {found.folder}", highlight=False)
    raise typer.Exit(0 if found.running else 3)


@app.command()
def url(map_id: MapOption = "sample", role: RoleOption = Role.onemap) -> None:
    """Print the libpq URL of a map's database, for psql, QGIS or GDAL; the server is up then."""
    print(_address(map_id, role))


@app.command()
def psql(map_id: MapOption = "sample", role: RoleOption = Role.onemap) -> None:
    """Open psql on a map's database."""
    from geo.errors import MissingProgram
    from server.logins import apart

    if shutil.which("psql") is None:
        raise MissingProgram("psql", "apt-get install postgresql-client")
    address, secrets = apart(_address(map_id, role))
    os.execvpe("psql", ["psql", address], os.environ | secrets)  # noqa: S606


@app.command()
def grants(
    map_id: MapOption = "sample",
    close_public: Annotated[
        bool,
        typer.Option(
            "--close-public", help="Also take from PUBLIC the rights that a map can do without."
        ),
    ] = False,
) -> None:
    """Print what the administrator of your own PostgreSQL runs once: onemap db grants | psql."""
    from geo.settings import from_environment
    from schemas.catalogue import load_catalogue
    from server.grants import grants as needed

    known = load_catalogue().map_view(map_id).map.id  # whose name goes into what is run
    print(needed(from_environment(), known, close_public=close_public), end="")


@app.command()
def migrate(map_id: MapOption = "sample") -> None:
    """Bring a map's database to the migrations and declarations."""
    from flows.opening import open_review, prepare
    from geo.settings import from_environment
    from geo.store.migrate import migrate as apply

    job = open_review(from_environment(), map_id)
    for name in apply(job.engine):
        console.print(f"applied {name}", highlight=False)
    prepare(job)
    console.print(f"{map_id}: up to date", highlight=False)


@app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove the private cluster and every map in it. Asks first."""
    from geo.settings import from_environment
    from server import cluster

    settings = from_environment()
    folder = cluster.status(settings).folder
    question = f"Remove {folder} with every map's database, history and releases?"
    confirmed = yes or typer.confirm(question)
    if not confirmed:
        raise typer.Exit(1)
    cluster.reset(settings, confirmed=True)
    console.print(f"removed: {folder}", highlight=False)


def _address(map_id: str, role: str) -> str:
    """URL of a map's database; a reader who has a login of their own needs nobody else's."""
    from flows.opening import open_review
    from geo.settings import from_environment
    from server.cluster import OWNER, database_url, is_configured

    settings = from_environment()
    address = database_url(settings, map_id, role)
    if role == OWNER or not is_configured(settings):
        open_review(settings, map_id)
    return address
