"""The seccomp filter of the reader: the system calls that reading a file needs, and no others.

An allow-list, because the next kernel brings calls that no deny-list knows. What is not named
answers EPERM, and what is newer than the list ENOSYS, so that the C library takes an older call
(clone3, for one, hides its flags from a filter). Calls that are harmless to ourselves alone are
looked at by their arguments.

Constants: linux/seccomp.h, linux/filter.h, linux/audit.h, asm/unistd_64.h and asm-generic/unistd.h
of the kernel's UAPI.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""Machines by the number that the kernel's audit gives them, in the order of CALLS' numbers."""

CALLS: dict[str, tuple[int | None, int | None]] = {
    # bytes of open files
    **{"read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66)},
    **{"pread64": (17, 67), "pwrite64": (18, 68), "preadv": (295, 69), "pwritev": (296, 70)},
    **{"lseek": (8, 62), "close": (3, 57), "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24)},
    **{"ftruncate": (77, 46), "fallocate": (285, 47), "fadvise64": (221, 223)},
    **{"fsync": (74, 82), "fdatasync": (75, 83), "sync_file_range": (277, 84)},
    **{"sendfile": (40, 71), "copy_file_range": (326, 285), "pipe": (22, None), "pipe2": (293, 59)},
    # names of files: Landlock says which
    **{"open": (2, None), "openat": (257, 56), "getcwd": (79, 17), "umask": (95, 166)},
    **{"stat": (4, None), "fstat": (5, 80), "lstat": (6, None), "newfstatat": (262, 79)},
    **{"statx": (332, 291), "statfs": (137, 43), "fstatfs": (138, 44)},
    **{"access": (21, None), "faccessat": (269, 48), "faccessat2": (439, 439)},
    **{"readlink": (89, None), "readlinkat": (267, 78)},
    **{"getdents": (78, None), "getdents64": (217, 61)},
    **{"rename": (82, None), "renameat": (264, 38), "renameat2": (316, 276)},
    **{"mkdir": (83, None), "mkdirat": (258, 34), "rmdir": (84, None)},
    **{"unlink": (87, None), "unlinkat": (263, 35)},
    # waiting
    **{"poll": (7, None), "ppoll": (271, 73), "select": (23, None), "pselect6": (270, 72)},
    **{"epoll_create": (213, None), "epoll_create1": (291, 20), "epoll_ctl": (233, 21)},
    **{"epoll_wait": (232, None), "epoll_pwait": (281, 22)},
    **{"eventfd": (284, None), "eventfd2": (290, 19)},
    **{"nanosleep": (35, 101), "clock_nanosleep": (230, 115)},
    # memory
    **{"brk": (12, 214), "mmap": (9, 222), "munmap": (11, 215), "mprotect": (10, 226)},
    **{"mremap": (25, 216), "madvise": (28, 233), "mincore": (27, 232), "msync": (26, 227)},
    **{"mbind": (237, 235), "get_mempolicy": (239, 236), "membarrier": (324, 283)},
    # threads and signals within
    **{"futex": (202, 98), "set_robust_list": (273, 99), "get_robust_list": (274, 100)},
    **{"set_tid_address": (218, 96), "rseq": (334, 293), "sched_yield": (24, 124)},
    **{"sched_getaffinity": (204, 123), "gettid": (186, 178), "restart_syscall": (219, 128)},
    **{"exit": (60, 93), "exit_group": (231, 94), "sigaltstack": (131, 132)},
    **{"rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139)},
    # what we are, and when
    **{"getpid": (39, 172), "getppid": (110, 173), "getuid": (102, 174), "geteuid": (107, 175)},
    **{"getgid": (104, 176), "getegid": (108, 177)},
    **{"getresuid": (118, 148), "getresgid": (120, 150)},
    **{"getrlimit": (97, 163), "getrusage": (98, 165), "sysinfo": (99, 179), "uname": (63, 160)},
    **{"times": (100, 153), "getcpu": (309, 168), "getrandom": (318, 278), "time": (201, None)},
    **{"gettimeofday": (96, 169), "clock_gettime": (228, 113), "clock_getres": (229, 114)},
}
"""Calls that are allowed whatever their arguments: numbers on x86_64 and on aarch64."""

CLONE, FCNTL, IOCTL, PRCTL, PRLIMIT, TGKILL = (
    (56, 220), (72, 25), (16, 29), (157, 167), (302, 261), (234, 131),
)  # fmt: skip
CLONE_THREAD = 0x00010000
FCNTL_COMMANDS = (*range(8), 36, 37, 38, 1030)
"""Duplicates, flags and locks. Not F_SETOWN, which sends signals to others; no leases, no seals."""
IOCTL_REQUESTS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX. Not TIOCSTI, which types for others."""
PRCTL_OPTIONS = (15, 16, 0x53564D41)
"""PR_SET_NAME, PR_GET_NAME, PR_SET_VMA: names of threads and of memory."""

NEWER_THAN_THE_LIST = 424
"""From here on (Linux 5.1) calls have one number on all machines."""
KILL, EPERM, ENOSYS, ALLOW = 0x80000000, 0x00050001, 0x00050026, 0x7FFF0000

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
Step = tuple[int, int, int, int]
"""One instruction of the filter: what it does, how far it jumps if true and if false, its value."""


def install() -> bool:
    """Put up the filter for this thread and those it starts; False where it cannot stand."""
    machine = os.uname().machine
    if machine not in ARCHITECTURES:
        return False
    steps = [struct.pack("=HBBI", *step) for step in program(machine, os.getpid())]
    code = ctypes.create_string_buffer(b"".join(steps))
    packed = struct.pack("@HP", len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, packed, 0, 0) == 0)


def program(machine: str, process: int) -> list[Step]:
    """The filter for a machine, as instructions; `process` is the only one that it may signal."""
    which = list(ARCHITECTURES).index(machine)
    allowed = [number for call in CALLS.values() if (number := call[which]) is not None]
    looked_at = {
        CLONE[which]: _has_bit(0, CLONE_THREAD),
        FCNTL[which]: _is_one_of(1, FCNTL_COMMANDS),
        IOCTL[which]: _is_one_of(1, IOCTL_REQUESTS),
        PRCTL[which]: _is_one_of(0, PRCTL_OPTIONS),
        PRLIMIT[which]: [*_is_null(2), *_is_one_of(0, (0, process))],
        TGKILL[which]: _is_one_of(0, (process,)),
    }
    return [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_EQUAL, 1, 0, ARCHITECTURES[machine]),
        (_ANSWER, 0, 0, KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        *(step for number in allowed for step in _when(number, [(_ANSWER, 0, 0, ALLOW)])),
        *(step for number, block in looked_at.items() for step in _when(number, block)),
        (_AT_LEAST, 0, 1, NEWER_THAN_THE_LIST),
        (_ANSWER, 0, 0, ENOSYS),
        (_ANSWER, 0, 0, EPERM),
    ]


def _when(number: int, block: list[Step]) -> list[Step]:
    """`block`, which always answers, for the call of this number."""
    return [(_EQUAL, 0, len(block), number), *block]


def _is_one_of(argument: int, values: Iterable[int]) -> list[Step]:
    """Allow the call if the lower half of an argument (an int of C) is one of these."""
    return [
        (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument),
        *(s for v in values for s in ((_EQUAL, 0, 1, v), (_ANSWER, 0, 0, ALLOW))),
        (_ANSWER, 0, 0, EPERM),
    ]


def _has_bit(argument: int, bit: int) -> list[Step]:
    return [
        (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument),
        (_ANY_BIT, 0, 1, bit),
        (_ANSWER, 0, 0, ALLOW),
        (_ANSWER, 0, 0, EPERM),
    ]


def _is_null(argument: int) -> list[Step]:
    """Refuse the call unless an argument, a pointer of two halves, is null."""
    lower = _ARGUMENTS_AT + 8 * argument
    return [
        step
        for half in (lower, lower + 4)
        for step in ((_LOAD, 0, 0, half), (_EQUAL, 1, 0, 0), (_ANSWER, 0, 0, EPERM))
    ]
