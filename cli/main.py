"""The command line: `onemap`. Errors are one readable line; the exit code says their family."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from cli import (
    alerts,
    db,
    doctor,
    history,
    init,
    keeping,
    releases,
    review,
    scheduling,
    status,
    upgrading,
)
from cli.language import Words
from cli.options import JsonOption, LangOption, MapOption
from cli.output import Answer, Column, console, errors
from cli.version import version_line
from cli.words import LAYER
from geo.errors import DatabaseUnreachable, GeoError
from geo.settings import DATABASE_VARIABLES
from schemas.errors import DeclarationError, UnknownMapError

app = typer.Typer(
    name="onemap",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(db.app, name="db")
app.command("init")(init.init)
app.command("status")(status.status)
app.command("runs")(history.runs)
app.command("show")(history.show)
app.command("issues")(history.issues)
app.command("quarantine")(history.quarantine)
app.command("releases")(releases.releases)
app.command("diff")(releases.diff)
app.command("holds")(review.holds)
app.command("approve")(review.approve)
app.command("reject")(review.reject)
app.command("upgrade")(upgrading.upgrade)
app.command("doctor")(doctor.doctor)
app.command("backup")(keeping.backup)
app.command("restore")(keeping.restore)
app.command("prune")(keeping.prune)
app.command("alerts")(alerts.alerts)
app.command("deploy")(scheduling.deploy)
app.command("worker")(scheduling.worker)
app.command("schedule")(scheduling.schedule)


def _say_version(asked: bool) -> None:
    if asked:
        console.print(version_line(), highlight=False)
        raise typer.Exit


@app.callback()
def onemap(
    _: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_say_version, help="Say which it is."),
    ] = False,
) -> None:
    """One Map: agency files in, one published map out."""


LAYERS = [
    LAYER,
    Column("title_th", Words("ชื่อ", "ชื่อ")),
    Column("title_en", Words("title", "title")),
    Column("geometry", Words("รูปทรง", "geometry")),
    Column("sources", Words("แหล่งข้อมูล", "sources"), whole=True),
]
NO_LAYERS = Words("แผนที่นี้ไม่มีชั้นข้อมูล", "The map has no layers.")


@app.command()
def run(
    map_id: MapOption = "sample",
    drops: Annotated[
        Path | None, typer.Option(help="Folder that holds what the agencies delivered.")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="Take in this source alone; may be given again.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Read anew what was decided before, too.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen; write nothing.")
    ] = False,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """Take in the sources of a map and publish what changed.

    Exit codes, of which the worst counts: 0 all is well (accepted, unchanged, absent, rejected);
    65 something was held, refused or incomplete; 69 a service or the database is away; 70 a fault
    of One Map; 78 the declarations or the settings are wrong.
    """
    from cli.refreshing import preview, refresh

    work = preview if dry_run else refresh
    raise typer.Exit(work(map_id, drops, source, again=again, answer=Answer(as_json, lang)))


@app.command()
def serve(
    map_id: MapOption = "sample",
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8000,
    public_url: Annotated[
        str | None, typer.Option(help="Address of the map for the public; links lead to it.")
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="Site whose pages may read the map; may be repeated. Any, if none is."),
    ] = None,
) -> None:
    """Show the published map at http://localhost:8000."""
    from cli.serving import serve_map

    serve_map(map_id, host, port, public_url, allow_origin or ())


@app.command()
def lint(
    folder: Annotated[
        Path | None,
        typer.Argument(help="A city's own project; default: that of ONEMAP_DECLARATIONS, if any."),
    ] = None,
) -> None:
    """Check every declaration, One Map's and the city's own, without running anything."""
    from schemas.catalogue import with_built_in
    from schemas.lint import lint as check
    from schemas.project import city_project

    findings = check(*with_built_in(folder or city_project()))
    for finding in findings:
        errors.print(str(finding), markup=False, highlight=False, soft_wrap=True)
    if findings:
        raise typer.Exit(os.EX_CONFIG)
    console.print("Every declaration is in order.")


@app.command()
def layers(
    map_id: MapOption = "sample", as_json: JsonOption = False, lang: LangOption = None
) -> None:
    """List the layers of a map and the sources that feed them."""
    from schemas.catalogue import load_catalogue

    view = load_catalogue().map_view(map_id)
    rows = [
        {
            "layer": layer.id,
            "title_th": layer.title.th,
            "title_en": layer.title.en,
            "geometry": layer.geometry.value,
            "sources": [source.id for source in view.sources if source.layer == layer.id],
        }
        for layer in view.layers
    ]
    Answer(as_json, lang).rows(LAYERS, rows, NO_LAYERS)


@app.command(context_settings={"ignore_unknown_options": True})  # -5 is a number, not an option
def position(
    x: Annotated[float, typer.Argument(help="Longitude or easting.")],
    y: Annotated[float, typer.Argument(help="Latitude or northing.")],
    crs: Annotated[str, typer.Option(help="Reference system, e.g. EPSG:24047.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check a coordinate: its WGS 84 position, the operation that led there, and its accuracy."""
    from cli.checking import print_position

    print_position(x, y, crs, as_json=as_json)


def run_command() -> None:
    """Entry point: the one place that catches everything."""
    sys.exit(_exit_code())


def _exit_code() -> int:
    try:
        return int(app(standalone_mode=False) or 0)
    except typer.TyperException as error:  # a wrong option or argument
        # No words: no command was named, and what there are has been listed.
        words = error.format_message()
        return _say(words, error.exit_code) if words else error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        errors.print("stopped")
        return 130
    except (DeclarationError, UnknownMapError) as error:
        return _say(error, os.EX_CONFIG)
    except DatabaseUnreachable as error:
        return _say(f"{error}; {_advice(error)}", error.exit_code)
    except GeoError as error:
        return _say(error, error.exit_code)
    except Exception as error:  # noqa: BLE001  the edge: a fault of ours is one line, too
        if os.environ.get("ONEMAP_DEBUG"):
            traceback.print_exc()
        first = (str(error).splitlines() or [""])[0]
        named = f"{type(error).__name__}: {first}" if first else type(error).__name__
        hint = "this is a fault in One Map; set ONEMAP_DEBUG=1 to see where"
        return _say(f"{named} ({hint})", os.EX_SOFTWARE)


def _advice(error: DatabaseUnreachable) -> str:
    """What to do about the database; a server that answers may not have been prepared yet."""
    configured = [name for name in DATABASE_VARIABLES if os.environ.get(name)]
    if not configured:
        return "start it with `onemap db start`"
    correct = f"correct {' or '.join(configured)}"
    unprepared = "FATAL" in error.reason  # the server's own word
    return f"{correct}, or have `onemap db grants | psql` run" if unprepared else correct


def _say(problem: object, code: int) -> int:
    """One readable line; an error that has no words is called by its name."""
    words = str(problem).strip() or f"{type(problem).__name__}, which says no more"
    errors.print(f"error: {words}", markup=False, highlight=False, soft_wrap=True)
    return code
