"""A database out to files and back, by PostgreSQL's own programs.

They connect with the owner's login. A password goes to them in their environment alone: arguments
are for everybody on the machine to read.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL
from typing import IO, Final

from geo.errors import DumpFailed, MissingProgram
from server.logins import apart
from server.postgres import PROGRAMS
from sql import statement

DUMPS: Final = ("database.dump", "staging.dump")
"""Files of a dump, in the order in which they are taken in."""
LOCK_SECONDS: Final = 120
"""How long a dump waits for a table that is being changed."""
_PROGRAMS: Final = ("pg_dump", "pg_restore", "psql")
_SCRIPT: Final = ("--no-psqlrc", "--no-password", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-")
_WHOLE: Final = ("meta", "core", "onemap", "web")
"""Schemas that are kept with their rows. Of `staging` the tables alone are, for its rows are on
their way; it is a dump of its own, because a load would wait for whoever holds its tables."""


@dataclass(frozen=True)
class Programs:
    """pg_dump, pg_restore and psql of one version of PostgreSQL, as large as the server's."""

    folder: Path
    major: int


def programs(major: int) -> Programs:
    """Programs for a server of version `major`, and for a dump that such programs made.

    Those of that version, else of the next one. Raises MissingProgram.
    """
    for version, folder in sorted(_installed().items()):
        if version >= major:
            return Programs(folder, version)
    raise MissingProgram(
        f"pg_dump of PostgreSQL {major} or newer", f"apt-get install postgresql-client-{major}"
    )


def dump(url: str, snapshot: str, folder: Path, tools: Programs) -> list[Path]:
    """Writes the map's schemas as they are in an exported snapshot; returns the files.

    Without owners' names, so that another owner can take them in. Raises DumpFailed.
    """
    every = ["--format=custom", f"--lock-wait-timeout={LOCK_SECONDS}s", "--no-password"]
    parts = (
        ["--exclude-table-data=meta.lease", *(f"--schema={schema}" for schema in _WHOLE)],
        ["--schema-only", "--schema=staging"],
    )
    for name, chosen in zip(DUMPS, parts, strict=True):
        told = [*every, *chosen, f"--snapshot={snapshot}", f"--dbname={apart(url)[0]}"]
        _run([tools.folder / "pg_dump", *told, f"--file={folder / name}"], url)
    return [folder / name for name in DUMPS]


def load(url: str, dumps: Sequence[Path], tools: Programs) -> None:
    """Puts dumps in the place of the map's schemas, in one transaction: all of it, or nothing.

    The readers have their rights afterwards. Raises DumpFailed, with PostgreSQL's own words.
    """
    with tempfile.TemporaryFile() as said, _psql(url, tools, said) as psql:
        assert psql.stdin is not None
        problem = ""
        try:
            _feed(psql.stdin, dumps, tools)
        except (BrokenPipeError, DumpFailed) as error:
            problem = str(error)
        if psql.wait() != 0 or problem:
            said.seek(0)
            raise DumpFailed("psql", _last(said.read()) or problem)


@contextmanager
def _psql(url: str, tools: Programs, said: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """A psql that is ended with the block, whatever happens; it commits only what it is told to."""
    command: list[str | Path] = [tools.folder / "psql", *_SCRIPT, f"--dbname={apart(url)[0]}"]
    psql = subprocess.Popen(
        command,
        bufsize=0,  # other programs write to the same pipe
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=said,
        env=_environment(url),
    )
    try:
        yield psql
    finally:
        psql.kill()
        psql.wait()


def _feed(script: IO[bytes], dumps: Sequence[Path], tools: Programs) -> None:
    """The whole script, its commit last: input that ends before it changes nothing."""
    with script:
        script.write(statement("restore_begin").encode())
        for path in dumps:
            options = ["--no-owner", "--no-privileges", "--file=-", str(path)]
            _run([tools.folder / "pg_restore", *options], stdout=script)
        script.write(statement("restore_end").encode())


def _run(
    command: Sequence[str | Path], url: str | None = None, stdout: IO[bytes] | int = DEVNULL
) -> None:
    done = subprocess.run(
        command,
        stdin=DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=_environment(url),
        check=False,
    )
    if done.returncode != 0:
        raise DumpFailed(Path(command[0]).name, _last(done.stderr))


def _environment(url: str | None) -> dict[str, str]:
    secret = apart(url)[1] if url else {}
    return {**os.environ, "LC_ALL": "C.UTF-8", "PGCONNECT_TIMEOUT": "10", **secret}


def _last(said: bytes) -> str:
    """The first error that a program told, or the end of what it said."""
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    told = [line for line in lines if "ERROR:" in line or "error:" in line]
    return (told or lines[-1:] or [""])[0]


def _installed() -> dict[int, Path]:
    """Folders of PostgreSQL's client programs on this machine, by version."""
    found = {
        int(folder.name): folder / "bin"
        for folder in PROGRAMS.glob("[0-9]*")
        if folder.name.isdigit() and all((folder / "bin" / name).is_file() for name in _PROGRAMS)
    }
    on_path = shutil.which("pg_dump")
    if on_path:
        said = subprocess.run([on_path, "--version"], capture_output=True, text=True, check=False)
        version = re.search(r"(\d+)[.\s]", said.stdout)
        if version:
            found.setdefault(int(version[1]), Path(on_path).parent)
    return found
