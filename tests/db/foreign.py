"""Somebody else's PostgreSQL: Debian's, with passwords, and other people's data in it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from server.postgres import Place, locate, programs
from tests.conftest import quick_folder

ADMINISTRATOR = "postgres"
PASSWORDS = {
    ADMINISTRATOR: "it's the admin's",
    "gis_staff": "owner's p@ss/word%",
    "onemap_planner": "รหัสของนักวางแผน",
    "onemap_web": "web's \\ password",
    "everybody_else": "$everybody$",
}
SETTINGS = {
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
    "password_encryption": "scram-sha-256",
    "fsync": "off",
    "log_statement": "all",
    "shared_preload_libraries": "postgis-3",  # tests alone: 50 ms less for each session
}
NEIGHBOURS = """
create role neighbour login;
create role everybody_else login password '$everybody$';
create database city owner neighbour;
"""
NEIGHBOURS_DATA = """
create schema budget;
grant usage on schema budget to public;
create table budget.plan as select 1 as year;
grant select on budget.plan to public;
create table budget.secret as select 2 as amount;
create function budget.total() returns int language sql as 'select 3';
grant create on schema public to public;
create table public.streets as select 'Silom' as name;
grant select, insert on public.streets to public;
"""


@dataclass(frozen=True)
class Server:
    """It runs, and listens at 127.0.0.1 alone."""

    port: int
    log: Path

    def url(self, user: str, database: str = "") -> str:
        """libpq URL with the user's password."""
        password = quote(PASSWORDS[user], safe="")
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def environment(self, database: str = "", owner: str = "gis_staff") -> dict[str, str]:
        """What the operators of a map set: a login for each role."""
        return {
            "ONEMAP_DATABASE_URL": self.url(owner, database),
            "ONEMAP_PLANNER_DATABASE_URL": self.url("onemap_planner", database),
            "ONEMAP_WEB_DATABASE_URL": self.url("onemap_web", database),
        }

    def administer(self, script: str, database: str = "postgres") -> str:
        """What psql says when the administrator pipes a script into it."""
        done = subprocess.run(
            ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"],
            input=script,
            env=os.environ
            | {
                "PGHOST": "127.0.0.1",
                "PGPORT": str(self.port),
                "PGUSER": ADMINISTRATOR,
                "PGPASSWORD": PASSWORDS[ADMINISTRATOR],
                "PGDATABASE": database,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def connect(self, user: str, database: str) -> psycopg.Connection:
        """A session of the user; each statement is a transaction."""
        return psycopg.connect(self.url(user, database), autocommit=True)


@contextmanager
def foreign_server() -> Iterator[Server]:
    """A new cluster of Debian's, with the database `city` of a neighbour."""
    home = Path(tempfile.mkdtemp(prefix="onemap-foreign-", dir=quick_folder()))
    home.chmod(0o711)
    place = locate(home)
    place.make_folders()
    port = free_port()
    _initialise(place)
    _pg_ctl(place, "start", "--log=server.log", f"--options={_options({'port': str(port)})}")
    try:
        server = Server(port, place.log)
        server.administer(NEIGHBOURS)
        server.administer(NEIGHBOURS_DATA, "city")
        yield server
    finally:
        _pg_ctl(place, "stop", "--mode=immediate")
        shutil.rmtree(home)


def _initialise(place: Place) -> None:
    passwords = place.folder / "password"
    passwords.write_text(PASSWORDS[ADMINISTRATOR])
    os.chown(passwords, place.account.uid, place.account.gid)
    passwords.chmod(0o600)
    _done(
        place,
        [
            str(programs(place) / "initdb"),
            *("--pgdata=data", f"--username={ADMINISTRATOR}", "--pwfile=password", "--no-sync"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"),
        ],
    )


def _pg_ctl(place: Place, *arguments: str) -> None:
    command = [str(programs(place) / "pg_ctl"), "--wait", *arguments]
    _done(place, command, {"PGDATA": str(place.data)})


def _done(place: Place, command: list[str], environment: Mapping[str, str] | None = None) -> None:
    done = place.run(command, environment)
    assert done.returncode == 0, done.stderr + done.stdout


def _options(chosen: Mapping[str, str]) -> str:
    return " ".join(f"-c {name}='{value}'" for name, value in {**SETTINGS, **chosen}.items())


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
