"""Where a private PostgreSQL lives, which programs run it, and as which user of the system.

PostgreSQL refuses to run as root. Called by root, its programs run as the owner of the cluster
that is there, or as Debian's `postgres`; called by anybody else, as the caller.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import stat
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from geo.errors import ClusterError, ConfigurationError, MissingProgram

PROGRAMS = Path("/usr/lib/postgresql")
OUTSIDE = Path("/var/lib/onemap")
INSTALL = "apt-get install postgresql postgresql-postgis"
PORT = 5432  # names the socket file alone; no TCP port is opened
SOCKET_FOLDER_BYTES = 90  # sun_path holds 108, of which /.s.PGSQL.5432.lock takes 20 at most


@dataclass(frozen=True)
class Account:
    """A user of the operating system."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Place:
    """Folders and account of one private cluster; `notice` says what is unusual about them."""

    folder: Path
    account: Account
    notice: str | None = None

    @property
    def data(self) -> Path:
        """Folder of the databases."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "server.log"

    @property
    def initialised(self) -> bool:
        """Whether `initdb` has ended well here."""
        return (self.data / "PG_VERSION").is_file()

    @property
    def socket(self) -> Path:
        """Folder of the Unix socket: in the cluster's folder, if PostgreSQL can take that path."""
        inside = self.folder / "socket"
        plain = re.fullmatch(r"[A-Za-z0-9_./-]+", str(inside))
        if plain and len(os.fsencode(inside)) <= SOCKET_FOLDER_BYTES:
            return inside
        return Path("/tmp") / f"onemap-{self.account.uid}-{_digest(self.folder)}"  # noqa: S108 - checked

    def make_folders(self) -> None:
        """Create what is missing, for the account alone (0700).

        Raises ConfigurationError if the system does not let it, and ClusterError if a folder is
        there and is not the account's own: in /tmp anybody could have made it.
        """
        make_passable(self.folder.parent)
        for folder in (self.folder, self.socket):
            try:
                folder.mkdir(mode=0o700)
                os.chown(folder, self.account.uid, self.account.gid)
            except FileExistsError:
                _require_own(folder, self.account)
            except OSError as error:
                raise _not_makeable(folder, error) from error

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the cluster's folder as its account, with a small environment.

        Output goes through files, not pipes: a daemon that outlives its starter would keep a
        pipe open.
        """
        switch = self.account.uid != os.geteuid()
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                text=True,
                timeout=timeout,
                start_new_session=True,
                check=False,
                user=self.account.uid if switch else None,
                group=self.account.gid if switch else None,
                extra_groups=[] if switch else None,
            )
            output.seek(0)
            errors.seek(0)
            return subprocess.CompletedProcess(
                done.args, done.returncode, output.read(), errors.read()
            )


def make_passable(folder: Path) -> None:
    """Create a folder and those above it; through root's, the cluster's user may pass.

    Raises ConfigurationError if the system does not let it.
    """
    try:
        for missing in (*reversed(folder.parents), folder):
            if not missing.exists():
                missing.mkdir(exist_ok=True)
                if os.geteuid() == 0:  # whatever root's umask is
                    missing.chmod(0o711)
    except OSError as error:
        raise _not_makeable(folder, error) from error


def _not_makeable(folder: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"the folder {folder} cannot be made ({error.strerror}); set ONEMAP_HOME to a folder that "
        "you may write"
    )


def locate(home: Path) -> Place:
    """The place of the cluster of this state folder; creates nothing.

    Raises ConfigurationError if the cluster belongs to another user, MissingProgram if the caller
    is root and the system has no `postgres` user.
    """
    inside = Place(home.resolve() / "cluster", _account(os.geteuid()))
    if os.geteuid() != 0:
        _require_readable(inside)
        return inside
    outside = Place(OUTSIDE / _digest(inside.folder), inside.account)
    for place in (inside, outside):
        if place.initialised:
            owner = _account(place.data.stat().st_uid)
            return Place(place.folder, owner, _notice(place, inside))
    account = _server_account()
    place = inside if _reachable(inside.folder, account) else outside
    return Place(place.folder, account, _notice(place, inside))


def programs(place: Place) -> Path:
    """Folder of initdb, pg_ctl, ...: of the cluster's version, else the newest with PostGIS.

    Raises MissingProgram with the one command that installs them.
    """
    found = {
        int(folder.name): folder / "bin"
        for folder in PROGRAMS.glob("[0-9]*")
        if folder.name.isdigit()
        and (folder / "bin" / "initdb").is_file()
        and (folder / "lib" / "postgis-3.so").is_file()
    }
    if place.initialised:
        version = int((place.data / "PG_VERSION").read_text())
        if version not in found:
            packages = f"postgresql-{version} postgresql-{version}-postgis-3"
            raise MissingProgram(
                f"PostgreSQL {version} with PostGIS, which made {place.data},",
                f"apt-get install {packages}",
            )
        return found[version]
    if not found:
        raise MissingProgram("PostgreSQL with PostGIS", INSTALL)
    return found[max(found)]


def _account(uid: int) -> Account:
    try:
        user = pwd.getpwuid(uid)
    except KeyError:  # a container's arbitrary uid
        return Account(str(uid), uid, os.getegid())
    return Account(user.pw_name, user.pw_uid, user.pw_gid)


def _server_account() -> Account:
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        raise MissingProgram("PostgreSQL with PostGIS", INSTALL) from None
    return Account(user.pw_name, user.pw_uid, user.pw_gid)


def _reachable(folder: Path, account: Account) -> bool:
    """Whether the account may pass through every folder above `folder`."""
    above = next(parent for parent in folder.parents if parent.exists())
    try:
        probe = subprocess.run(
            ["/usr/bin/test", "-x", str(above)],
            cwd="/",
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            check=False,
        )
    except PermissionError:
        return False
    return probe.returncode == 0


def _require_own(folder: Path, account: Account) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
        raise ClusterError(
            f"{folder} must be a folder that user {account.name} alone can enter; remove it"
        )


def _require_readable(place: Place) -> None:
    """A cluster made by root or another user has a folder (0700) that this one cannot enter."""
    if place.folder.is_dir() and place.folder.stat().st_uid != place.account.uid:
        owner = _account(place.folder.stat().st_uid).name
        raise ConfigurationError(
            f"the cluster in {place.folder} belongs to user {owner}; run this as that user or as "
            "root, or set ONEMAP_HOME to a folder of your own"
        )


def _notice(place: Place, inside: Place) -> str | None:
    if place.folder == inside.folder:
        return None
    return (
        f"the database lies in {place.folder}, because its user cannot enter {inside.folder.parent}"
    )


def _digest(folder: Path) -> str:
    return hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
