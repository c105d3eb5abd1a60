"""Root's rights are given up: another user where that is allowed, and no capability that is spare.

A child that runs as root could change owners, modes and times of what is not its own, whatever the
other walls say. So root becomes a user whom nobody else is, with the job's folder as its only
possession. The parent must be able to end that child and to clear its folder, so the change is made
only where root has the rights for it, which a container may have taken.

Constants: linux/capability.h, linux/prctl.h of the kernel's UAPI.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PR_SET_KEEPCAPS = 8
CAPABILITY_VERSION_3 = 0x20080522
CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, KILL, SETGID, SETUID = 0, 1, 2, 3, 5, 6, 7
TO_BECOME_ANOTHER = (CHOWN, SETGID, SETUID)
OF_THE_PARENT = (DAC_OVERRIDE, FOWNER, KILL)
FIRST_USER, NOBODY = 0x70000000, 65534
"""A number for each process, above those that systems give out; nobody where few are mapped."""

_libc = ctypes.CDLL(None, use_errno=True)


def give_up(job: Path, libraries: Iterable[Path], *, files_walled: bool) -> bool:
    """Become another user, if we may, and drop the capabilities; True if we are another one.

    Where the libraries lie in a folder that is root's alone (`/root/.pyenv`), the new user keeps
    the one capability to read on, if `files_walled`: then the file allow-list bounds it.
    """
    needed = [path for path in (*libraries, *_a_library(), job.parent) if path.exists()]
    may = _has(*TO_BECOME_ANOTHER, *OF_THE_PARENT, DAC_READ_SEARCH)
    user, reads = _choose_user(needed) if may else (None, False)
    another = user is not None and (reads or files_walled) and _become(user, job)
    _keep_only((DAC_READ_SEARCH,) if another and not reads else ())
    return another


def _a_library() -> list[Path]:
    """A file of a library: its folder may be open to all, and the file not."""
    found = importlib.util.find_spec("pyarrow")
    return [Path(found.origin)] if found and found.origin else []


def _has(*capabilities: int) -> bool:
    data = ctypes.create_string_buffer(24)
    if _libc.capget(_header(), data) != 0:
        return False
    effective = struct.unpack_from("=I", data.raw)[0]
    return all(effective >> capability & 1 for capability in capabilities)


def _keep_only(capabilities: Iterable[int]) -> None:
    kept = sum(1 << capability for capability in capabilities)
    _libc.capset(_header(), struct.pack("=6I", kept, kept, 0, 0, 0, 0))


def _header() -> bytes:
    return struct.pack("=Ii", CAPABILITY_VERSION_3, 0)


def _choose_user(needed: Iterable[Path]) -> tuple[int | None, bool]:
    """A user who exists here (a container may map few), and whether it can read what is needed."""
    for user in (FIRST_USER + os.getpid(), NOBODY):
        with suppress(OSError), _acting_as(user):
            return user, all(os.access(path, os.R_OK, effective_ids=True) for path in needed)
    return None, False


@contextmanager
def _acting_as(user: int) -> Iterator[None]:
    groups = os.getgroups()
    try:
        os.setgroups([])
        os.setegid(user)
        os.seteuid(user)
        yield
    finally:
        os.seteuid(os.getuid())
        os.setegid(os.getgid())
        os.setgroups(groups)


def _become(user: int, job: Path) -> bool:
    before = os.getuid(), os.getgid()
    _libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    try:
        _give(job, user, user)
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    except OSError:
        _give(job, *before)
        return False
    return True


def _give(job: Path, user: int, group: int) -> None:
    for path in (job, *job.rglob("*")):
        os.chown(path, user, group, follow_symlinks=False)
