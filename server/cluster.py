"""The private PostgreSQL cluster: the embedded default, and the way round it.

One cluster per state folder, reached by a Unix socket in a folder (0700) that only its own user
and root can enter; it opens no TCP port, which is why it can trust its connections. Starts are
serialised by a file lock; the server is a daemon of its own that outlives whoever started it.

If a database's URL is set (ONEMAP_DATABASE_URL and those of the readers), nothing is started:
`ensure_database` and `database_url` speak of that server.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from geo.errors import ClusterError, ConfigurationError
from geo.settings import Settings
from server.logins import kept_password, password_of, user_of
from server.postgres import PORT, Place, locate, programs
from server.provision import Wanted, provision

OWNER, PLANNER, WEB = "onemap", "onemap_planner", "onemap_web"
VARIABLES = {
    OWNER: "ONEMAP_DATABASE_URL",
    PLANNER: "ONEMAP_PLANNER_DATABASE_URL",
    WEB: "ONEMAP_WEB_DATABASE_URL",
}
"""Where the settings name each role's login, on a server that is not the private cluster."""
SUPERUSER = "postgres"
START_SECONDS = 120  # recovery after a crash included
STARTS = 2
ORPHAN_SECONDS = 5
LOG_BYTES = 10_000_000

# For a machine of two cores and 4 GB that also reads, unifies and serves. Dynamic shared memory is
# in files, because containers have a /dev/shm of 64 MB and systemd empties it when a user leaves.
# Nothing here trades safety for speed: a crash must cost nothing that was committed.
SERVER_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_level": "replica",
    "max_wal_size": "2GB",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "maintenance_work_mem": "128MB",
    "work_mem": "16MB",
    "dynamic_shared_memory_type": "mmap",
    "random_page_cost": "1.1",
    "jit": "off",
    "client_connection_check_interval": "10s",
    "idle_in_transaction_session_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
INITDB_OPTIONS = (
    f"--username={SUPERUSER}",
    "--auth-local=trust",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--data-checksums",
)


@dataclass(frozen=True)
class Status:
    """A private cluster as it is. `notice`: one line on what is unusual about its place."""

    running: bool
    pid: int | None
    folder: Path
    socket: Path
    log: Path
    user: str
    notice: str | None = None
    found: bool = False  # start() found it running


def start(settings: Settings) -> Status:
    """Start the cluster, made if missing, and wait until it accepts connections.

    A server that runs already is found, whoever started it. What a killed server left behind
    (lock files, backends at work) is cleared first.

    Raises MissingProgram, ConfigurationError, and ClusterError with the end of the server's log.
    """
    place = locate(settings.home)
    place.make_folders()
    with _locked(place):
        postmaster = _postmaster(place)
        if postmaster is None:
            _clear_remains(place)
            if not place.initialised:
                _initialise(place)
            _launch(place)
        _wait_until_ready(place)
        return _status(place, postmaster or _postmaster(place), found=postmaster is not None)


def stop(settings: Settings) -> Status:
    """Stop the cluster; open transactions are undone. Nothing happens if it does not run."""
    place = locate(settings.home)
    if not place.folder.is_dir():
        return _looked_at(place)
    with _locked(place):
        _stop(place)
        return _looked_at(place)


def status(settings: Settings) -> Status:
    """Whether the cluster runs, and where it lies. Changes nothing."""
    return _looked_at(locate(settings.home))


def reset(settings: Settings, *, confirmed: bool) -> Status:
    """Stop the cluster and remove its data and what was published of them.

    Asking is the caller's part. Deliveries (`snapshots`) stay: they may be had no second time.
    """
    if not confirmed:
        raise ConfigurationError("reset removes every map's database; confirm it with --yes")
    place = locate(settings.home)
    if place.folder.is_dir():
        with _locked(place):
            _stop(place)
            shutil.rmtree(place.socket, ignore_errors=True)
            for name in ("data", "data.new", "server.log", "server.log.1"):
                path = place.folder / name
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if not is_configured(settings):  # otherwise they are another server's releases
        shutil.rmtree(settings.releases, ignore_errors=True)
    return _looked_at(place)


def url(settings: Settings, map_id: str, role: str = OWNER) -> str:
    """libpq URL of a map's database in the private cluster, whether or not it runs.

    psql and GDAL (`PG:` before it) take it as it is; SQLAlchemy with `postgresql+psycopg`.
    """
    return _url(locate(settings.home), database_name(map_id), role)


def database_name(map_id: str) -> str:
    """One map is one database."""
    return f"onemap_{map_id}"


def is_configured(settings: Settings) -> bool:
    """Whether the maps live on a server that the settings name, and not in the private cluster."""
    return any(_logins(settings).values())


def database_url(settings: Settings, map_id: str, role: str = OWNER) -> str:
    """libpq URL of a map's database, on the configured server or in the private cluster.

    role: on a configured server each has a login of its own; the owner is whoever
    ONEMAP_DATABASE_URL names. Raises ConfigurationError where the role's login is not known, or is
    the owner's: who gets one login gets all that it may do.
    """
    if not is_configured(settings):
        return url(settings, map_id, role)
    login = _logins(settings)[role]
    if login is None:
        raise ConfigurationError(_login_wanted(settings, role))
    if role != OWNER and settings.database_url and _same_user(login, settings.database_url):
        raise ConfigurationError(
            f"{VARIABLES[role]} logs in as the owner of the map, who may change and read "
            f"everything; name the login of {role} there (`onemap db grants` makes it)"
        )
    return _with_database(login, map_id)


def wanted(settings: Settings, map_id: str, *, closed: bool = False) -> Wanted:
    """What a map asks of the configured server; roles that it lacks get their URLs' passwords.

    Raises ConfigurationError if no owner's login is configured.
    """
    target = database_url(settings, map_id)
    named = [login for login in _logins(settings).values() if login]
    passwords = {user_of(login): password_of(login) for login in named}
    return Wanted(
        database=_database_of(target),
        owner=user_of(target),
        passwords={
            user: kept_password(user, password) for user, password in passwords.items() if password
        },
        closed=closed,
    )


def ensure_database(settings: Settings, map_id: str) -> str:
    """Make a map's database exist and answer its URL; starts the private cluster if it is meant.

    Raises what `start`, `database_url` and `server.provision.provision` raise.
    """
    if is_configured(settings):
        target = database_url(settings, map_id)
        maintenance = urlunsplit(urlsplit(target)._replace(path="/postgres"))
        provision(target, maintenance, wanted(settings, map_id))
        return target
    start(settings)
    place = locate(settings.home)
    ours = Wanted(database_name(map_id), OWNER, closed=True, whole_server=True)
    with _locked(place):
        provision(_url(place, ours.database, SUPERUSER), _url(place, SUPERUSER, SUPERUSER), ours)
    return url(settings, map_id)


def _logins(settings: Settings) -> dict[str, str | None]:
    return {
        OWNER: settings.database_url,
        PLANNER: settings.planner_database_url,
        WEB: settings.web_database_url,
    }


def _login_wanted(settings: Settings, role: str) -> str:
    """What to do where a role has no login. No password of another's is in it."""
    known = urlsplit(next(filter(None, _logins(settings).values())))
    user = "OWNER" if role == OWNER else role
    problem = (
        f"{VARIABLES[role]} is not set, and nobody acts as {role} through another's login; set it "
        f"to postgresql://{user}:PASSWORD@{known.netloc.rpartition('@')[2]}{known.path}"
    )
    return problem if role == OWNER else f"{problem} (`onemap db grants` makes that login)"


def _same_user(one: str, other: str) -> bool:
    return user_of(one) == user_of(other)


def _database_of(target: str) -> str:
    return str(conninfo_to_dict(target)["dbname"])


def _url(place: Place, database: str, role: str) -> str:
    return f"postgresql://{role}@/{database}?host={quote(str(place.socket))}&port={PORT}"


def _with_database(configured: str, map_id: str) -> str:
    if "{map}" in configured:
        return configured.replace("{map}", map_id)
    parts = urlsplit(configured)
    if parts.path in ("", "/"):
        return urlunsplit(parts._replace(path=f"/{database_name(map_id)}"))
    return configured


@contextmanager
def _locked(place: Place) -> Iterator[None]:
    """One at a time, across processes; a killed holder's lock is free at once."""
    with (place.folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _looked_at(place: Place) -> Status:
    return _status(place, _postmaster(place) if place.folder.is_dir() else None)


def _status(place: Place, pid: int | None, found: bool = False) -> Status:
    return Status(
        running=pid is not None,
        pid=pid,
        folder=place.folder,
        socket=place.socket,
        log=place.log,
        user=place.account.name,
        notice=place.notice,
        found=found,
    )


def _servers(place: Place) -> set[int]:
    """Process ids of PostgreSQL at work in this cluster's data folder, and in no other's.

    A pid in a lock file may long be another program's; the folder that a process works in is its
    own. Asked as the cluster's user, because even root may be denied it in a container.
    """
    listing = place.run(
        ["find", "/proc", "-maxdepth", "2", "-path", "/proc/[0-9]*/cwd", "-printf", r"%h\t%l\n"]
    )
    folders = dict(line.split("\t", 1) for line in listing.stdout.splitlines() if "\t" in line)
    return {
        int(Path(process).name)
        for process, folder in folders.items()
        if folder == str(place.data) and _program(Path(process)) == "postgres"
    }


def _program(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return ""


def _postmaster(place: Place) -> int | None:
    """Process id of the running server, or None."""
    lines = _lock_file(place)
    pid = int(lines[0]) if lines and lines[0].strip().isdigit() else None
    return pid if pid in _servers(place) else None


def _lock_file(place: Place) -> list[str]:
    """Lines of the server's lock file: the process id first, its state last; empty without."""
    try:
        return (place.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _clear_remains(place: Place) -> None:
    """Clear what a killed server left. There is no postmaster; call it with the lock held.

    Backends of a dead postmaster end by themselves unless they compute; PostgreSQL rightly refuses
    to start beside one, so what has not ended in a while is ended.
    """
    deadline = time.monotonic() + ORPHAN_SECONDS
    while orphans := _servers(place):
        if time.monotonic() > deadline:
            for pid in orphans:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
    (place.data / "postmaster.pid").unlink(missing_ok=True)
    for remains in place.socket.glob(".s.PGSQL.*"):
        remains.unlink(missing_ok=True)


def _initialise(place: Place) -> None:
    """initdb beside, then rename: a half-made data folder is never taken for a whole one."""
    new = place.folder / "data.new"
    shutil.rmtree(new, ignore_errors=True)
    done = place.run([str(programs(place) / "initdb"), "--pgdata=data.new", *INITDB_OPTIONS])
    if done.returncode != 0:
        raise ClusterError(f"PostgreSQL could not make its data in {new}", done.stderr.strip())
    new.rename(place.data)


def _launch(place: Place) -> None:
    """Start the server as a daemon.

    Recovery may fail once and mend by that what it failed at: of a load that ended with the killed
    server, half an unlogged table may be left ("could not create file ...: File exists").
    """
    if place.log.is_file() and place.log.stat().st_size > LOG_BYTES:
        place.log.replace(place.folder / "server.log.1")
    chosen = {**SERVER_SETTINGS, "unix_socket_directories": str(place.socket)}
    options = shlex.join(part for name in chosen for part in ("-c", f"{name}={chosen[name]}"))
    command = ["start", "--wait", f"--timeout={START_SECONDS}", "--log=server.log"]
    for _ in range(STARTS):
        if _pg_ctl(place, *command, f"--options={options}").returncode == 0:
            return
    raise ClusterError(f"the database in {place.data} does not start", _log_tail(place))


def _pg_ctl(place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pg_ctl on the cluster. A shell reads its command line: our paths stay out of it."""
    command = [str(programs(place) / "pg_ctl"), *arguments]
    return place.run(command, environment={"PGDATA": str(place.data)})


def _wait_until_ready(place: Place) -> None:
    """Wait while the server starts or recovers; one that says it is ready has one attempt."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        lines = _lock_file(place)
        try:
            psycopg.connect(_url(place, SUPERUSER, SUPERUSER), connect_timeout=5).close()
            return
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline or not lines or lines[-1].strip() == "ready":
                raise ClusterError(
                    f"the database in {place.data} accepts no connection on {place.socket} "
                    f"({str(error).strip()}); try `onemap db stop`, then `onemap db start`",
                    _log_tail(place),
                ) from error
        time.sleep(0.1)


def _stop(place: Place) -> None:
    if _postmaster(place) is None:
        return
    done = _pg_ctl(place, "stop", "--mode=fast", f"--timeout={START_SECONDS}")
    if done.returncode != 0:
        raise ClusterError(f"the database in {place.data} does not stop", done.stderr.strip())


def _log_tail(place: Place, lines: int = 12) -> str:
    try:
        return "\n".join(place.log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
