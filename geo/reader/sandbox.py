"""The walls around the reader, put up by itself before it imports a parser.

All by the standard library: resource limits, an empty network namespace, Landlock's file
allow-list (and no TCP), another user without capabilities, a seccomp filter. Each is used where
the kernel and the container allow it, and the result says which stand. They bind this thread and
those it starts later, so they go up while it is still alone.

Constants: linux/landlock.h, linux/sched.h, linux/prctl.h of the kernel's UAPI.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from geo.reader import privileges, seccomp

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38

LANDLOCK_CREATE, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT = 444, 445, 446
LANDLOCK_RULE_PATH_BENEATH = 1
FILE_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
READ_FILE, READ_DIR = 1 << 2, 1 << 3
WRITE = 0b110_0001_1011_1110
"""Read, write, truncate, rename; files and folders made and removed; no links, pipes, programs."""
TCP_BIND_AND_CONNECT, TCP_SINCE_ABI = 0b11, 4
SCOPE_SOCKETS_AND_SIGNALS, SCOPE_SINCE_ABI = 0b11, 6

_libc = ctypes.CDLL(None, use_errno=True)


def enter(job: Path, limits: Mapping[str, int]) -> dict[str, int | bool]:
    """Put up every wall that can stand here; afterwards only `job` and libraries can be read.

    `limits`: memory_bytes, cpu_seconds, output_bytes. Returns which walls stand.
    """
    _set_limits(limits)
    network_namespace = _leave_network()
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libraries = _library_paths()
    landlock_abi = _restrict_files(libraries, job)
    another_user = privileges.give_up(job, libraries, files_walled=bool(landlock_abi))
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # a change of user takes it back
    return {
        "landlock_abi": landlock_abi,
        "network_namespace": network_namespace,
        "another_user": another_user,
        "seccomp": seccomp.install(),
    }


def _set_limits(limits: Mapping[str, int]) -> None:
    for what, wanted in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 128),
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, limits["cpu_seconds"]),
        (resource.RLIMIT_FSIZE, limits["output_bytes"]),
    ):
        _, hard = resource.getrlimit(what)
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(what, (limit, limit))


def _leave_network() -> bool:
    """Into an empty network namespace: as root, or else within a user namespace of our own."""
    flags = (CLONE_NEWNET, CLONE_NEWUSER | CLONE_NEWNET)
    return any(_libc.unshare(flag) == 0 for flag in flags)


def _library_paths() -> list[Path]:
    """What Python, GDAL and the dynamic linker may still need to open. Nothing secret is there."""
    system = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/etc/ld.so.cache")
    prefixes = (sys.prefix, sys.base_prefix)
    own = Path(__file__).parents[1]  # the package `geo`
    devices = ("/dev/null", "/dev/urandom")
    return [own, *(Path(p) / "lib" for p in prefixes), *map(Path, (*system, *devices))]


def _restrict_files(readable: Iterable[Path], writable: Path) -> int:
    """Landlock: returns its ABI version, or 0 where the kernel does not have it."""
    abi = _libc.syscall(LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if abi < 1:
        return 0
    every = sum(rights for since, rights in FILE_RIGHTS_BY_ABI.items() if since <= abi)
    tcp = TCP_BIND_AND_CONNECT if abi >= TCP_SINCE_ABI else 0
    scope = SCOPE_SOCKETS_AND_SIGNALS if abi >= SCOPE_SINCE_ABI else 0
    attributes = struct.pack("=QQQ", every, tcp, scope)
    ruleset = _libc.syscall(LANDLOCK_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        return 0
    for path in readable:
        _allow(ruleset, path, READ_FILE | READ_DIR)
    _allow(ruleset, writable, every & WRITE)
    restricted = _libc.syscall(LANDLOCK_RESTRICT, ruleset, 0) == 0
    os.close(ruleset)
    return int(abi) if restricted else 0


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    rights = rights if path.is_dir() else rights & ~READ_DIR
    rule = struct.pack("=Qi", rights, handle)
    _libc.syscall(LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_PATH_BENEATH, rule, 0)
    os.close(handle)
