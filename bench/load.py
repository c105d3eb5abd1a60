"""Section `load`: a file to committed history, side by side with what else loads it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from bench import layers, measure, peers
from bench.measure import Cost
from bench.server import DATABASE, PEERS, Server

Json = dict[str, Any]
Tell = Callable[[str], None]


def compared(
    server: Server, kind: layers.Kind, rows: int, format: layers.Format, rounds: int, tell: Tell
) -> Json:
    """One layer by all loaders, in turn, `rounds` times after one to warm up; medians.

    `placed` is One Map's clock with the step that gives each feature its district.
    """
    file = layers.write(kind, rows, format, server.drops)
    costs: dict[str, list[Cost]] = defaultdict(list)
    said: list[Json] = []
    for number in range(rounds + 1):
        tell(f"{kind} {rows:,} {format}: round {number} of {rounds}")
        words, ours = load(server, kind, format)
        turn = {"One Map": ours, **_peers(server, kind, format, file)}
        if number:
            said.append(words)
            for name, cost in turn.items():
                costs[name].append(cost)
    medians = {name: asdict(measure.median(turns)) for name, turns in costs.items()}
    medians["One Map"]["wall"] = measure.middle([one["load"] for one in said])
    medians["One Map"]["client_cpu"] = measure.middle([one["cpu"] for one in said])
    medians["One Map"]["placed"] = measure.middle([one["placed"] for one in said])
    return {"kind": kind, "rows": rows, "format": format, "said": said[-1], "costs": medians}


def grown(
    server: Server,
    kind: layers.Kind,
    sizes: list[int],
    format: layers.Format,
    tell: Tell,
) -> list[Json]:
    """One Map alone, by the number of rows: seconds, and the memory of each side."""
    found = []
    for rows in sizes:
        tell(f"{kind} {rows:,} {format}: growth")
        layers.write(kind, rows, format, server.drops)
        said, cost = load(server, kind, format)
        found.append({"kind": kind, "format": format, "rows": rows, "said": said, **asdict(cost)})
    return found


def load(server: Server, kind: layers.Kind, format: layers.Format) -> tuple[Json, Cost]:
    """One Map's load of what lies in the drops, into a map that has boundaries alone."""
    server.put_back()
    return server.ours("load", f"bench_{kind}_{format}")


def _peers(server: Server, kind: layers.Kind, format: layers.Format, file: Path) -> dict[str, Cost]:
    url = server.url(PEERS)
    found = {}
    for name, command in peers.commands(kind, format, file, url).items():
        _empty(url)
        found[name] = measure.run(command, server.postmaster(), {}).cost
    rows = _our_rows(server, kind)
    _empty(url, like=_columns_of(server, kind))
    found["limit"] = measure.run(peers.limit(rows, url), server.postmaster(), {}).cost
    rows.unlink()
    return found


def _empty(url: str, like: str | None = None) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"drop table if exists {peers.TABLE}")
        if like:
            connection.execute(f"create table {peers.TABLE} ({like})")
        connection.execute("checkpoint")


def _our_rows(server: Server, kind: layers.Kind) -> Path:
    """The rows that we loaded, as PostgreSQL's own binary file."""
    path = server.home / f"{kind}.bin"
    table = sql.Identifier("core", f"bench_{kind}")
    copy = sql.SQL("copy (select * from {}) to stdout with (format binary)").format(table)
    with (
        psycopg.connect(server.url(DATABASE)) as connection,
        connection.cursor().copy(copy) as rows,
        path.open("wb") as file,
    ):
        for part in rows:
            file.write(part)
    return path


def _columns_of(server: Server, kind: layers.Kind) -> str:
    query = (
        "select string_agg(format('%%I %%s', attname, format_type(atttypid, atttypmod)), ', ' "
        "order by attnum) from pg_attribute "
        "where attrelid = %s::regclass and attnum > 0 and not attisdropped"
    )
    with psycopg.connect(server.url(DATABASE)) as connection:
        (columns,) = connection.execute(query, [f"core.bench_{kind}"]).fetchone() or ("",)
    return str(columns)
