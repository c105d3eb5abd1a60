"""What a child that was taken over may ask of the kernel: nothing that touches anybody else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from geo.reader import drivers, privileges, seccomp

LIMITS = {"memory_bytes": 1 << 30, "cpu_seconds": 20, "output_bytes": 1 << 20}

# Calls that reach other processes, other people's files, or the machine; x86_64 and aarch64.
DANGEROUS = {
    **{"chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452)},
    **{"chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54)},
    **{"setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7)},
    **{"removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16)},
    **{"setxattrat": (463, 463), "removexattrat": (466, 466), "file_setattr": (469, 469)},
    **{"utime": (132, None), "utimes": (235, None), "futimesat": (261, None)},
    **{"utimensat": (280, 88), "truncate": (76, 45), "setpriority": (141, 140)},
    **{"setrlimit": (160, 164), "sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119)},
    **{"sched_setparam": (142, 118), "sched_setattr": (314, 274), "ioprio_set": (251, 30)},
    **{"kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138)},
    **{"rt_tgsigqueueinfo": (297, 240), "ptrace": (101, 117), "kcmp": (312, 272)},
    **{"process_vm_readv": (310, 270), "process_vm_writev": (311, 271)},
    **{"pidfd_send_signal": (424, 424), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438)},
    **{"process_madvise": (440, 440), "process_mrelease": (448, 448)},
    **{"move_pages": (279, 239), "migrate_pages": (256, 238)},
    **{"mknod": (133, None), "mknodat": (259, 33), "link": (86, None), "linkat": (265, 37)},
    **{"symlink": (88, None), "symlinkat": (266, 36), "memfd_create": (319, 279)},
    **{"memfd_secret": (447, 447), "execve": (59, 221), "execveat": (322, 281)},
    **{"fork": (57, None), "vfork": (58, None), "userfaultfd": (323, 282)},
    **{"socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200)},
    **{"accept": (43, 202), "sendto": (44, 206), "sendmsg": (46, 211), "sendmmsg": (307, 269)},
    **{"unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39)},
    **{"pivot_root": (155, 41), "chroot": (161, 51), "chdir": (80, 49), "fchdir": (81, 50)},
    **{"open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430)},
    **{"fsmount": (432, 432), "mount_setattr": (442, 442), "open_by_handle_at": (304, 265)},
    **{"name_to_handle_at": (303, 264), "openat2": (437, 437), "personality": (135, 92)},
    **{"setuid": (105, 146), "setresuid": (117, 147), "setgid": (106, 144)},
    **{"setgroups": (116, 159), "setreuid": (113, 145), "setfsgid": (123, 152)},
    **{"capset": (126, 91), "setsid": (112, 157), "setpgid": (109, 154), "setfsuid": (122, 151)},
    **{"keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "bpf": (321, 280)},
    **{"io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "perf_event_open": (298, 241)},
    **{"inotify_init1": (294, 26), "fanotify_init": (300, 262), "quotactl": (179, 60)},
    **{"sethostname": (170, 161), "syslog": (103, 116), "reboot": (169, 142), "swapon": (167, 224)},
    **{"settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171)},
    **{"init_module": (175, 105), "finit_module": (313, 273), "kexec_load": (246, 104)},
    **{"shmget": (29, 194), "shmat": (30, 196), "msgget": (68, 186), "semget": (64, 190)},
    **{"mq_open": (240, 180), "seccomp": (317, 277), "landlock_restrict_self": (446, 446)},
    **{"clone3": (435, 435), "flock": (73, 32), "mlockall": (151, 230), "acct": (163, 89)},
}  # fmt: skip


def verdict(machine: str, number: int, *arguments: int, architecture: int | None = None) -> int:
    """What the filter answers: its instructions, run as the kernel runs them."""
    arguments = (*arguments, *(0,) * (6 - len(arguments)))
    data = {0: number, 4: architecture or seccomp.ARCHITECTURES[machine]}
    for position, argument in enumerate(arguments):
        data[16 + 8 * position] = argument & 0xFFFFFFFF
        data[20 + 8 * position] = argument >> 32
    steps, at, held = seccomp.program(machine, process=77), 0, 0
    while True:
        what, if_true, if_false, value = steps[at]
        assert max(if_true, if_false) < 256
        at += 1
        if what == 0x06:
            return value
        if what == 0x20:
            held = data[value]
            continue
        true = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[what]
        at += if_true if true else if_false


def _numbers() -> Iterator[tuple[str, str, int]]:
    for name, numbers in DANGEROUS.items():
        for machine, number in zip(seccomp.ARCHITECTURES, numbers, strict=True):
            if number is not None:
                yield machine, name, number


@pytest.mark.parametrize(("machine", "name", "number"), list(_numbers()))
def test_a_call_that_reaches_others_is_refused(machine: str, name: str, number: int) -> None:
    """With any arguments, also such as would do for a call that is looked at."""
    for first in (0, 77, 15):
        for second in (0, 3, 0x5401):
            assert verdict(machine, number, first, second) in (seccomp.EPERM, seccomp.ENOSYS), name


@pytest.mark.parametrize("machine", seccomp.ARCHITECTURES)
def test_calls_are_looked_at_by_their_arguments(machine: str) -> None:
    which = list(seccomp.ARCHITECTURES).index(machine)
    thread, vm, new_user = 0x10000, 0x100, 0x10000000
    f_setfl, f_setown, f_setlk, f_setlease, f_add_seals = 4, 8, 6, 1024, 1033
    tcgets, tiocsti, tioclinux, fs_ioc_setflags = 0x5401, 0x5412, 0x541C, 0x40086602
    set_name, set_pdeathsig, set_ptracer, set_dumpable = 15, 1, 0x59616D61, 4
    limit, pointer, high_pointer = 7, 0x1000, 0x1000_0000_0000
    expected = [
        (seccomp.CLONE, (vm | thread,), True),
        (seccomp.CLONE, (vm | 17,), False),
        (seccomp.CLONE, (new_user | 17,), False),
        (seccomp.FCNTL, (3, f_setfl), True),
        (seccomp.FCNTL, (3, f_setlk, pointer), True),
        *((seccomp.FCNTL, (3, no), False) for no in (f_setown, f_setlease, f_add_seals, 10, 1026)),
        (seccomp.IOCTL, (3, tcgets), True),
        *((seccomp.IOCTL, (0, no), False) for no in (tiocsti, tioclinux, fs_ioc_setflags)),
        (seccomp.PRCTL, (set_name, pointer), True),
        *((seccomp.PRCTL, (no, 0), False) for no in (set_pdeathsig, set_ptracer, set_dumpable)),
        (seccomp.PRLIMIT, (0, limit, 0, pointer), True),
        (seccomp.PRLIMIT, (77, limit, 0, pointer), True),
        (seccomp.PRLIMIT, (1, limit, 0, pointer), False),
        (seccomp.PRLIMIT, (0, limit, pointer, 0), False),
        (seccomp.PRLIMIT, (0, limit, high_pointer, 0), False),
        (seccomp.TGKILL, (77, 78, 6), True),
        (seccomp.TGKILL, (1, 1, 9), False),
    ]
    for numbers, arguments, allowed in expected:
        answer = verdict(machine, numbers[which], *arguments)
        assert (answer == seccomp.ALLOW) is allowed, (numbers, arguments)


@pytest.mark.parametrize("machine", seccomp.ARCHITECTURES)
def test_other_machines_calls_end_the_child_and_new_calls_are_absent(machine: str) -> None:
    assert verdict(machine, 0, architecture=0x40000003) == seccomp.KILL  # i386
    assert verdict(machine, 0x40000000 | 1) == seccomp.ENOSYS  # x32
    assert verdict(machine, 5000) == seccomp.ENOSYS


def test_the_list_has_each_call_once() -> None:
    looked_at = (seccomp.CLONE, seccomp.FCNTL, seccomp.IOCTL, seccomp.PRCTL, seccomp.PRLIMIT)
    for which in (0, 1):
        numbers = [call[which] for call in (*seccomp.CALLS.values(), *looked_at, seccomp.TGKILL)]
        there = [number for number in numbers if number is not None]
        assert len(there) == len(set(there))


# --- the same, by the kernel itself ------------------------------------------------------------

TAKEN_OVER = """
import ctypes, json, os, sys
from pathlib import Path
from geo.reader import privileges, sandbox
job, outside, victim = Path(sys.argv[1]), sys.argv[2].encode(), int(sys.argv[3])
opened = os.open(outside, os.O_RDONLY)
walls = sandbox.enter(job, json.loads(sys.argv[4]))
libc = ctypes.CDLL(None, use_errno=True)
def attempt(call):
    ctypes.set_errno(0)
    return 0 if call() >= 0 else ctypes.get_errno()
times = (ctypes.c_long * 4)(1, 0, 1, 0)
limit = (ctypes.c_ulong * 2)(0, 0)
none = ctypes.create_string_buffer(128)
null, here = None, -100
new = str(job / "new").encode()
print(json.dumps({"walls": walls, "uid": os.getuid(), "tried": {
    "chmod": attempt(lambda: libc.chmod(outside, 0o777)),
    "fchmod": attempt(lambda: libc.fchmod(opened, 0o777)),
    "fchmodat": attempt(lambda: libc.fchmodat(here, outside, 0o777, 0)),
    "fchmodat2": attempt(lambda: libc.syscall(452, here, outside, 0o777, 0)),
    "chown": attempt(lambda: libc.chown(outside, 1, 1)),
    "lchown": attempt(lambda: libc.lchown(outside, 1, 1)),
    "fchown": attempt(lambda: libc.fchown(opened, 1, 1)),
    "fchownat": attempt(lambda: libc.fchownat(here, outside, 1, 1, 0)),
    "setxattr": attempt(lambda: libc.setxattr(outside, b"user.x", b"x", 1, 0)),
    "lsetxattr": attempt(lambda: libc.lsetxattr(outside, b"user.x", b"x", 1, 0)),
    "fsetxattr": attempt(lambda: libc.fsetxattr(opened, b"user.x", b"x", 1, 0)),
    "removexattr": attempt(lambda: libc.removexattr(outside, b"user.x")),
    "fremovexattr": attempt(lambda: libc.fremovexattr(opened, b"user.x")),
    "utimes": attempt(lambda: libc.utimes(outside, times)),
    "utimensat": attempt(lambda: libc.utimensat(here, outside, times, 0)),
    "futimens": attempt(lambda: libc.futimens(opened, times)),
    "truncate": attempt(lambda: libc.truncate(outside, 0)),
    "link": attempt(lambda: libc.link(outside, new)),
    "symlink": attempt(lambda: libc.symlink(outside, new)),
    "mknod": attempt(lambda: libc.mknod(new, 0o010600, 0)),
    "prlimit": attempt(lambda: libc.prlimit(victim, 7, limit, null)),
    "own limit": attempt(lambda: libc.prlimit(0, 7, limit, null)),
    "renice": attempt(lambda: libc.setpriority(0, victim, 19)),
    "affinity": attempt(lambda: libc.sched_setaffinity(victim, 128, none.raw)),
    "scheduler": attempt(lambda: libc.sched_setscheduler(victim, 3, none)),
    "kill": attempt(lambda: libc.kill(victim, 9)),
    "everyone": attempt(lambda: libc.kill(-1, 9)),
    "sigqueue": attempt(lambda: libc.sigqueue(victim, 9, null)),
    "tgkill": attempt(lambda: libc.tgkill(victim, victim, 9)),
    "ptrace": attempt(lambda: libc.ptrace(16, victim, null, null)),
    "read memory": attempt(lambda: libc.process_vm_readv(victim, null, 0, null, 0, 0)),
    "pidfd_open": attempt(lambda: libc.syscall(434, victim, 0)),
    "owner of signals": attempt(lambda: libc.fcntl(opened, 8, victim)),
    "type for others": attempt(lambda: libc.ioctl(0, 0x5412, b"x")),
    "memfd": attempt(lambda: libc.memfd_create(b"x", 0)),
    "userfaultfd": attempt(lambda: libc.syscall(323, 0)),
    "socketpair": attempt(lambda: libc.socketpair(1, 1, 0, none)),
    "unshare": attempt(lambda: libc.unshare(0x10000000)),
    "setresuid": attempt(lambda: libc.setresuid(0, 0, 0)),
    "outlive the parent": attempt(lambda: libc.prctl(1, 0, 0, 0, 0)),
    "chdir": attempt(lambda: libc.chdir(b"/")),
}, "capabilities": [one for one in range(41) if privileges._has(one)]}))
"""


@pytest.fixture(scope="module")
def taken_over(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each attempt on a file and a process outside came to (errno, 0: it succeeded)."""
    folder = tmp_path_factory.mktemp("taken")
    outside, job = folder / "outside", folder / "job"
    outside.write_text("not its own")
    job.mkdir()
    before = outside.stat()
    victim = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=-1)
    arguments = [str(job), str(outside), str(victim.pid), json.dumps(LIMITS)]
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", TAKEN_OVER, *arguments],
            env=drivers.environment("csv", str(job)),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert victim.poll() is None
        assert os.getpriority(os.PRIO_PROCESS, victim.pid) == os.getpriority(os.PRIO_PROCESS, 0)
    finally:
        victim.kill()
        victim.communicate()
    assert done.returncode == 0, done.stderr
    after = outside.stat()
    assert (after.st_mode, after.st_uid, after.st_mtime, after.st_size, after.st_nlink) == (
        *(before.st_mode, before.st_uid, before.st_mtime, before.st_size, before.st_nlink),
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_a_taken_over_child_reaches_nothing_of_others(taken_over: dict[str, Any]) -> None:
    assert taken_over["walls"]["seccomp"]
    done = [name for name, errno in taken_over["tried"].items() if errno not in (1, 38)]
    assert done == [], "neither EPERM nor ENOSYS"


def test_root_is_another_user_without_capabilities(taken_over: dict[str, Any]) -> None:
    assert taken_over["walls"]["another_user"] is (os.getuid() == 0)
    assert taken_over["uid"] != 0
    assert set(taken_over["capabilities"]) <= {privileges.DAC_READ_SEARCH}
