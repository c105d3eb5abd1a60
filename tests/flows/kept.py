"""What a map is, measured by other means than a backup's own: sorted rows, and bytes of files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import psycopg
from psycopg import sql


def rows_of(url: str) -> dict[str, str]:
    """sha256 of each table's rows in order, of history and registers; leases end with sessions."""
    found = {}
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        names = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname in ('core', 'meta') "
            "and tablename <> 'lease'"
        ).fetchall()
        for name in names:
            query = sql.SQL('select h from (select t::text h from {} t) s order by h collate "C"')
            rows = connection.execute(query.format(sql.Identifier(*name))).fetchall()
            found[".".join(name)] = hashlib.sha256(repr(rows).encode()).hexdigest()
    return found


def files_of(*folders: Path) -> dict[str, str]:
    """sha256 of every file below the folders, by its path in them."""
    return {
        f"{folder.name}/{path.relative_to(folder)}": hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
