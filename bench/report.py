"""docs/performance.md and its pictures, made from `bench/results`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.goals import goals

Json = dict[str, Any]

RESULTS: Final = Path(__file__).parent / "results"
DOCS: Final = Path(__file__).parent.parent / "docs"
PLOT: Final = "images/performance-growth.svg"
FLAMES: Final = "images/performance-flames.svg"
ABOUT: Final = """\
Made by `make bench`: what it measured is in `bench/results`, what it runs in `bench/`. Loaders
run in turn on one machine, as their users run them (`bench/peers.py`); figures are medians, and
what counts is their ratio within a run, for a machine that is shared is slow at times. The
peers' positions are 189 m off (their default for Indian 1975); they judge no row, and keep no
history."""
ABOUT_LOADS: Final = """\
Seconds by the clock; CPU of the program and of the server; highest resident memory of one
process. *One Map* begins where a worker stands that has taken in another source before; the
peers' start is a tenth of a second, geopandas' a second. *limit*: the rows that One Map stored,
from a binary file by COPY, with GIST and primary key."""


def results() -> Mapping[str, Any]:
    """What was measured, by section."""
    return {
        path.stem: json.loads(path.read_text("utf-8")) for path in sorted(RESULTS.glob("*.json"))
    }


def keep(section: str, measured: Any) -> None:
    """Stores what a section measured."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(measured, ensure_ascii=False, indent=1)
    (RESULTS / f"{section}.json").write_text(text + "\n", "utf-8")


def write() -> None:
    """The page, and the plot of growth."""
    if growth := results().get("growth"):
        _plot(growth, DOCS / PLOT)
    (DOCS / "performance.md").write_text(page(), "utf-8")


def page() -> str:
    """docs/performance.md of what is stored."""
    return "\n".join(_page(results())) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Lines of a table in Markdown; all columns but the first stand to the right."""
    yield f"| {' | '.join(head)} |"
    yield f"|---|{'---:|' * (len(head) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _page(found: Mapping[str, Any]) -> Iterator[str]:
    yield "# Performance"
    yield ""
    yield ABOUT
    yield ""
    yield from _machine(found.get("machine", {}))
    yield "## Goals"
    yield ""
    yield from table(
        ["goal", "wanted", "measured", ""],
        [
            [one.what, one.wanted, one.figure, "met" if one.met else "**missed**"]
            for one in goals(found)
        ],
    )
    for name, lines in (
        ("load", _loads),
        ("growth", _growth),
        ("publish", _publishing),
        ("reading", _reading),
        ("doors", _doors),
        ("start", _starts),
    ):
        if measured := found.get(name):
            yield from lines(measured)


def _machine(machine: Json) -> Iterator[str]:
    if machine:
        said = ", ".join(f"{name} {value}" for name, value in machine["versions"].items())
        hardware = f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gib']} GiB"
        yield f"{hardware}; {said}."
        yield ""


def _loads(measured: list[Json]) -> Iterator[str]:
    yield "## A file to committed history"
    yield ""
    yield ABOUT_LOADS
    yield ""
    for one in measured:
        ours = one["costs"]["One Map"]["wall"]
        published = f"{one['said']['published']:,} published"
        yield f"**{one['rows']:,} {one['kind']}, {one['format']}** ({published})"
        yield ""
        yield from table(
            [
                "loader",
                "seconds",
                "One Map is faster by",
                "CPU client",
                "CPU server",
                "MiB client",
                "MiB server",
            ],
            [
                [
                    f"{name}{', placed' if name == 'One Map' else ''}",
                    f"{cost['wall']:.2f}"
                    + (f" ({cost['placed']:.2f} with unify)" if "placed" in cost else ""),
                    "" if name == "One Map" else f"{cost['wall'] / ours:.1f}",
                    f"{cost['client_cpu']:.2f}",
                    f"{cost['server_cpu']:.2f}",
                    f"{cost['peak_mb'].get('client', 0):,.0f}",
                    f"{cost['peak_mb'].get('server', 0):,.0f}",
                ]
                for name, cost in one["costs"].items()
            ],
        )


def _growth(measured: list[Json]) -> Iterator[str]:
    yield "## Time and memory against rows"
    yield ""
    yield f"![Seconds and memory against rows]({PLOT})"
    yield ""
    yield from table(
        [
            "layer",
            "rows",
            "seconds",
            "with unify",
            "CPU client",
            "CPU server",
            "MiB client",
            "MiB server",
        ],
        [
            [
                f"{one['kind']}, {one['format']}",
                f"{one['rows']:,}",
                f"{one['said']['load']:.1f}",
                f"{one['said']['placed']:.1f}",
                f"{one['said']['cpu']:.1f}",
                f"{one['server_cpu']:.1f}",
                f"{one['peak_mb']['client']:,.0f}",
                f"{one['peak_mb']['server']:,.0f}",
            ]
            for one in measured
        ],
    )
    if (DOCS / FLAMES).is_file():
        yield "Where the time of a load goes (the parent's; each width is a share of its samples):"
        yield ""
        yield f"![Flame graph of a load]({FLAMES})"
        yield ""


def _publishing(measured: Json) -> Iterator[str]:
    yield "## Publishing"
    yield ""
    rows = f"{measured['rows']:,} points and half as many polygons"
    yield f"{rows}; then 1 % of the points edited and moved."
    yield ""
    names = {
        "full": "full build",
        "together": "1 % changed, around one place",
        "spread": "1 % changed, everywhere",
    }
    yield from table(
        [
            "release",
            "seconds",
            "CPU client",
            "CPU server",
            "MiB client",
            "MiB server",
            "new MB",
            "its load, s",
        ],
        [
            [
                names[name],
                f"{one['said']['publish']:.1f}",
                f"{one['client_cpu']:.1f}",
                f"{one['server_cpu']:.1f}",
                f"{one['peak_mb']['client']:,.0f}",
                f"{one['peak_mb']['server']:,.0f}",
                f"{one['new_bytes'] / 1e6:,.1f}",
                f"{one['load']['said']['load']:.1f}" if "load" in one else "",
            ]
            for name, one in measured["releases"].items()
        ],
    )
    yield from table(
        ["archive", "tiles", "biggest, KB", "at", "median, KB"],
        [
            [
                one["archive"],
                f"{one['tiles']:,}",
                f"{one['biggest'] / 1000:,.0f}",
                one["at"],
                f"{one['median'] / 1000:,.1f}",
            ]
            for one in measured["tiles"]
        ],
    )
    view = measured["first_view"]
    yield (
        f"The first view in Chromium (1440 x 900, cold cache) takes {view['bytes'] / 1e6:.2f} MB, "
        f"{view['of_tiles'] / 1e6:.2f} MB of it tiles."
    )
    yield ""


def _reading(measured: list[Json]) -> Iterator[str]:
    yield "## Reading from PostGIS"
    yield ""
    yield from table(
        ["query", "rows in the layer", "rows returned", "ms", "slowest ms"],
        [
            [
                one["query"],
                f"{one['rows']:,}",
                f"{one['returned']:,.0f}",
                f"{one['ms']:.1f}",
                f"{one['slowest_ms']:.1f}",
            ]
            for one in measured
        ],
    )


def _doors(measured: Json) -> Iterator[str]:
    yield "## Tiles over HTTP"
    yield ""
    yield from table(
        ["door", "median ms", "p99 ms", "requests a second"],
        [
            [name, f"{one['median_ms']:.1f}", f"{one['p99_ms']:.1f}", f"{one['per_second']:,.0f}"]
            for name, one in measured.items()
        ],
    )


def _starts(measured: list[Json]) -> Iterator[str]:
    yield "## Commands with little to do"
    yield ""
    yield from table(
        ["command", "seconds", "slowest"],
        [
            [f"`{one['command']}`", f"{one['seconds']:.2f}", f"{one['slowest']:.2f}"]
            for one in measured
        ],
    )


def _plot(measured: list[Json], path: Path) -> None:
    """Seconds and memory over rows, both on logarithmic axes."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "onemap"  # the same figures give the same picture
    from matplotlib import pyplot

    figure, (seconds, memory) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for kind, file_format in dict.fromkeys((one["kind"], one["format"]) for one in measured):
        mine = [one for one in measured if (one["kind"], one["format"]) == (kind, file_format)]
        rows = [one["rows"] for one in mine]
        label = f"{kind}, {file_format}"
        seconds.plot(rows, [one["said"]["load"] for one in mine], "o-", label=label)
        memory.plot(rows, [max(one["peak_mb"].values()) for one in mine], "o-", label=label)
    memory.axhline(1024, color="grey", linestyle="--", label="1 GiB")
    seconds.set(title="A load, seconds", xlabel="rows", xscale="log", yscale="log")
    memory.set(title="The largest process, MiB", xlabel="rows", xscale="log", ylim=(0, 1200))
    for axes in (seconds, memory):
        axes.grid(visible=True, which="both", alpha=0.3)
        axes.legend()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    write()
