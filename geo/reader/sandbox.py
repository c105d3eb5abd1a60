"""The walls around the reader, put up by itself before it imports a parser.

All by the standard library: resource limits, an empty network namespace, Landlock's file
allow-list (and no TCP), a seccomp filter. Each is used where the kernel and the container allow
it, and the result says which stand. They bind this thread and those it starts later, so they go up
while it is still alone.

Constants: linux/landlock.h, linux/seccomp.h, linux/filter.h, asm/unistd_64.h of the kernel's UAPI.
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

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 1, 38, 22

LANDLOCK_CREATE, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT = 444, 445, 446
LANDLOCK_RULE_PATH_BENEATH = 1
FILE_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
READ_FILE, READ_DIR = 1 << 2, 1 << 3
WRITE = 0b110_0001_1011_1110
"""Read, write, truncate, rename; files and folders made and removed; no links, pipes, programs."""
TCP_BIND_AND_CONNECT, TCP_SINCE_ABI = 0b11, 4
SCOPE_SOCKETS_AND_SIGNALS, SCOPE_SINCE_ABI = 0b11, 6

CLONE_THREAD = 0x00010000
CLONE3 = 435

# Audit architecture, number of `clone`, and the system calls that no reader needs: sockets; other
# programs; other processes and sessions; mounts and namespaces; keys, bpf, io_uring and the like.
CALLS = {
    "x86_64": (0xC000003E, 56, (
        *(41, 42, 43, 44, 46, 49, 50, 53, 288), *(57, 58, 59, 322),
        *(62, 101, 109, 112, 310, 311, 424, 438), *(155, 161, 165, 166, 272, 308, 428, 429, 430),
        *(248, 249, 250, 298, 304, 321, 323, 425),
    )),
    "aarch64": (0xC00000B7, 220, (
        *(198, 199, 200, 201, 202, 203, 206, 211, 242), *(221, 281),
        *(129, 117, 154, 157, 270, 271, 424, 438), *(41, 51, 40, 39, 97, 268, 428, 429, 430),
        *(217, 218, 219, 241, 265, 280, 282, 425),
    )),
}  # fmt: skip

_libc = ctypes.CDLL(None, use_errno=True)


def enter(job: Path, limits: Mapping[str, int]) -> dict[str, int | bool]:
    """Put up every wall that can stand here; afterwards only `job` and libraries can be read.

    `limits`: memory_bytes, cpu_seconds, output_bytes. Returns which walls stand.
    """
    _set_limits(limits)
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    network_namespace = _leave_network()
    if _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return {"landlock_abi": 0, "network_namespace": network_namespace, "seccomp": False}
    return {
        "landlock_abi": _restrict_files(_library_paths(), job),
        "network_namespace": network_namespace,
        "seccomp": _deny_calls(),
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
    """Into an empty network namespace: with a user namespace, or without one if we are root."""
    flags = (CLONE_NEWUSER | CLONE_NEWNET, CLONE_NEWNET)
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


def _deny_calls() -> bool:
    """A seccomp filter: EPERM for the denied calls, and `clone` for threads alone.

    clone3 hides its flags from a filter, so it answers ENOSYS and the C library uses clone.
    """
    known = CALLS.get(os.uname().machine)
    if known is None:
        return False
    architecture, clone, denied = known
    load, equal, at_least, any_bit, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    kill, refuse, absent, allow = 0x80000000, 0x00050001, 0x00050026, 0x7FFF0000
    number_at, architecture_at, first_argument_at = 0, 4, 16
    tail = [
        (equal, 0, 1, CLONE3),
        (answer, 0, 0, absent),
        (equal, 0, 2, clone),
        (load, 0, 0, first_argument_at),
        (any_bit, 0, 1, CLONE_THREAD),
        (answer, 0, 0, allow),
        (answer, 0, 0, refuse),
    ]
    to_refusal = len(denied) + len(tail) - 1
    steps = [
        (load, 0, 0, architecture_at),
        (equal, 1, 0, architecture),
        (answer, 0, 0, kill),
        (load, 0, 0, number_at),
        (at_least, to_refusal, 0, 0x40000000),  # the x32 calls of x86_64
        *((equal, to_refusal - 1 - i, 0, number) for i, number in enumerate(denied)),
        *tail,
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = struct.pack("@HP", len(steps), ctypes.addressof(code))
    return bool(_libc.prctl(PR_SET_SECCOMP, 2, program, 0, 0) == 0)
