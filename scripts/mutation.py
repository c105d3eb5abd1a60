"""Mutation testing of the heart: do its tests notice when the code is wrong?

Draws a seeded sample of all mutants (`scripts/mutants.py`), runs for each the quick tests that
reach the changed line, and prints what survived. Exit code 1: too many survived.

Each mutant lives in a forked process of its own, where an import hook hands out the changed source;
no file is touched. The parent has imported the libraries, and none of the heart. A program that a
test starts reads the files as they are, and notices nothing: such a test forks instead.
"""

from __future__ import annotations

import argparse
import difflib
import importlib.abc
import importlib.util
import math
import os
import pickle
import random
import re
import resource
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType

import coverage
import geothai  # noqa: F401 - what is imported here, each mutant's process has already
import hypothesis  # noqa: F401
import pandas  # noqa: F401
import pyarrow.compute  # noqa: F401
import pyproj  # noqa: F401
import pytest
import pythainlp.util  # noqa: F401
import shapely  # noqa: F401
import sqlalchemy  # noqa: F401
from mutants import Mutant, mutants_of

ROOT = Path(__file__).resolve().parent.parent
HEART = (
    *("geo/values", "geo/space", "geo/normalising", "geo/validating"),
    *("geo/normalise.py", "geo/validate.py", "geo/gate.py"),
)
SURVIVING_SHARE = 0.10

_OF_THE_HEART = re.compile(r"^from geo\.(values|space|normalis|validat|gate)", re.MULTILINE)
_PYTEST = ("-q", "-x", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib")
_SEEDED = ("--hypothesis-seed=0", "-W", "ignore::pytest.PytestAssertRewriteWarning")
_PATIENCE = 5  # times the work of its tests, and seconds more, that a mutant may work
_SLOW_MACHINE = 20  # seconds on the clock that a second of work may take where others work too


@dataclass(frozen=True)
class Reach:
    """Which tests run each line of the heart, and how long each test works (CPU seconds)."""

    lines: dict[Path, dict[int, frozenset[str]]]
    seconds: dict[str, float]

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Quickest first: those that ran the line, then the others of their files.

        What a file's tests share (a fixture, a cached value) is made by the first of them alone. A
        line that runs at import is the business of all tests of its module.
        """
        lines = self.lines.get(mutant.path, {})
        tests = lines.get(mutant.line) or frozenset().union(*lines.values())
        files = {test.partition("::")[0] for test in tests}
        beside = {test for test in self.seconds if test.partition("::")[0] in files}
        return [*self._quickest(tests), *self._quickest(beside - tests)]

    def _quickest(self, tests: Collection[str]) -> list[str]:
        return sorted(tests, key=lambda test: self.seconds[test])


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: killed, timed out, survived, or no test reaches it."""

    mutant: Mutant
    outcome: str

    @property
    def alive(self) -> bool:
        return self.outcome in ("survived", "not reached")


class _Recorder:
    """A pytest plugin: measures each test in a coverage context of its own."""

    def __init__(self, measuring: coverage.Coverage) -> None:
        self._measuring = measuring
        self._file = ""
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> object:
        file = item.nodeid.partition("::")[0]
        if file != self._file:
            self._file = file
            _forget()
        self._measuring.switch_context(item.nodeid)
        started = time.process_time()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.process_time() - started
            self._measuring.switch_context("")


def _forget() -> None:
    """Empties what the heart has cached, so that each file of tests works it out anew."""
    for name, module in list(sys.modules.items()):
        if name.startswith("geo."):
            owners = [module, *(part for part in vars(module).values() if isinstance(part, type))]
            for owner in owners:
                for value in list(vars(owner).values()):
                    cached = value.__func__ if isinstance(value, classmethod) else value
                    if hasattr(type(cached), "cache_clear"):
                        cached.cache_clear()


class _Changed(SourceFileLoader):
    """Loads a mutant in place of its module."""

    def __init__(self, mutant: Mutant) -> None:
        dotted = mutant.path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        super().__init__(dotted, str(mutant.path))
        self._source = mutant.source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the mutant where its module is asked for."""

    def __init__(self, loader: _Changed) -> None:
        self._loader = loader

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        if fullname != self._loader.name:
            return None
        return importlib.util.spec_from_file_location(fullname, loader=self._loader)


def main() -> int:
    """Reads the command line, and answers the exit code."""
    options = _options()
    os.chdir(ROOT)
    sys.path[0] = str(ROOT)
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = tempfile.mkdtemp(prefix="mutation-")
    mutants = [mutant for path in _modules(options.modules) for mutant in mutants_of(path)]
    if options.sample:
        seeded = random.Random(options.seed)  # noqa: S311 - a sample, and no secret
        mutants = seeded.sample(mutants, min(options.sample, len(mutants)))
    reach = _measured(mutants)
    verdicts = _judged(mutants, reach, options.jobs)
    return _report(verdicts)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=HEART, help="files or folders of the heart")
    parser.add_argument("--sample", type=int, default=300, help="how many mutants; 0: all")
    parser.add_argument("--seed", type=int, default=2026, help="of the sample")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    return parser.parse_args()


def _modules(names: Sequence[str]) -> list[Path]:
    found: list[Path] = []
    for name in names:
        path = ROOT / name
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return found


def _tests() -> list[str]:
    """The quick tests that import something of the heart."""
    files = sorted((ROOT / "tests" / "unit").glob("test_*.py"))
    return [str(file) for file in files if _OF_THE_HEART.search(file.read_text("utf-8"))]


def _measured(mutants: Sequence[Mutant]) -> Reach:
    """Runs the unmutated tests once; raises SystemExit where they fail."""
    files = sorted({mutant.path for mutant in mutants})
    reading, writing = os.pipe()
    pid = _forked(lambda: _measure(files, writing))
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        handed = pipe.read()
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
        raise SystemExit("the tests fail without any mutant; mend them first (pytest tests/unit)")
    reach: Reach = pickle.loads(handed)  # noqa: S301 - from our own child
    return reach


def _measure(files: Sequence[Path], writing: int) -> int:
    measuring = coverage.Coverage(data_file=None, include=[str(path) for path in files])
    recorder = _Recorder(measuring)
    measuring.start()
    outcome = pytest.main([*_PYTEST, *_SEEDED, *_tests()], plugins=[recorder])
    measuring.stop()
    data = measuring.get_data()
    lines = {
        path: {
            line: frozenset(filter(None, contexts))
            for line, contexts in data.contexts_by_lineno(str(path)).items()
        }
        for path in files
    }
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(pickle.dumps(Reach(lines, recorder.seconds)))
    return int(outcome)


def _judged(mutants: Sequence[Mutant], reach: Reach, jobs: int) -> list[Verdict]:
    """Runs the tests of each mutant, some at a time."""
    waiting, verdicts = list(reversed(mutants)), list[Verdict]()
    running: dict[int, tuple[Mutant, float]] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            tests = reach.tests_of(mutant)
            if not tests:
                verdicts.append(_told(Verdict(mutant, "not reached")))
                continue
            patience = _PATIENCE * math.ceil(1 + sum(reach.seconds[test] for test in tests))
            pid = _forked(partial(_try, mutant, tests, patience))
            running[pid] = (mutant, time.monotonic() + patience * _SLOW_MACHINE)
        verdicts += _finished(running)
    return verdicts


def _try(mutant: Mutant, tests: list[str], patience: int) -> int:
    """Runs the tests; the limit is one of work and not of time, for others may use the machine."""
    resource.setrlimit(resource.RLIMIT_CPU, (patience, patience))
    sys.meta_path.insert(0, _Finder(_Changed(mutant)))
    return int(pytest.main([*_PYTEST, *_SEEDED, *tests]))


def _finished(running: dict[int, tuple[Mutant, float]]) -> list[Verdict]:
    time.sleep(0.02)
    verdicts = []
    for pid, (mutant, deadline) in list(running.items()):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            out_of_time = code in (-signal.SIGXCPU, -signal.SIGKILL)
            outcome = "survived" if code == 0 else "timed out" if out_of_time else "killed"
        elif time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            outcome = "timed out"
        else:
            continue
        del running[pid]
        verdicts.append(_told(Verdict(mutant, outcome)))
    return verdicts


def _told(verdict: Verdict) -> Verdict:
    """Says at once what survived."""
    if verdict.alive:
        print(_shown(verdict), flush=True)
    return verdict


def _forked(work: Callable[[], int]) -> int:
    """Runs `work` in a child that says nothing; its answer becomes the exit code."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        quiet = os.open(os.devnull, os.O_RDWR)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        code = work()
    finally:
        os._exit(code)


def _report(verdicts: Sequence[Verdict]) -> int:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for verdict in verdicts:
        counts[_name(verdict.mutant)][verdict.outcome] += 1
    alive = sum(verdict.alive for verdict in verdicts)
    print(_table(counts))
    share = alive / len(verdicts) if verdicts else 0.0
    print(f"{alive} of {len(verdicts)} mutants survive: {share:.1%}")
    return int(share >= SURVIVING_SHARE)


def _table(counts: dict[str, Counter[str]]) -> str:
    outcomes = ("killed", "timed out", "survived", "not reached")
    rows = [f"{'module':36}" + "".join(f"{outcome:>13}" for outcome in outcomes)]
    rows += [
        f"{name:36}" + "".join(f"{counts[name][outcome]:13}" for outcome in outcomes)
        for name in sorted(counts)
    ]
    return "\n".join(rows)


def _shown(verdict: Verdict) -> str:
    mutant = verdict.mutant
    before = mutant.path.read_text(encoding="utf-8").splitlines()
    lines: Iterable[str] = difflib.unified_diff(
        before, mutant.source.splitlines(), lineterm="", n=0
    )
    changed = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    head = f"{_name(mutant)}:{mutant.line}: {mutant.change} ({verdict.outcome})"
    return "\n".join([head, *changed, ""])


def _name(mutant: Mutant) -> str:
    return mutant.path.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    sys.exit(main())
