"""The pipe between a reader and its parent: a child that stalls, floods or is cut off is ended."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from geo.read import ReadLimits, probe
from geo.reading import child as reader_child
from geo.reading.pipe import Flooded, Pipe, Stalled
from geo.spill import Spill
from tests.unit.deliveries import Reader

WALLS = '{"landlock_abi": 7, "network_namespace": true, "another_user": true, "seccomp": true}\\n'
SAYS_WALLS = f"import os, sys, time; os.write(1, b'{WALLS}')\n"
REPORT = "open(sys.argv[1] + '/out/report.json', 'w').write('{{\"{0}\": {1}}}')\n"


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def child(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """The next reader says that its walls stand, and does this."""
    probe()
    program = (sys.executable, "-I", "-c", SAYS_WALLS + code)
    monkeypatch.setattr(reader_child, "PROGRAM", program)


def test_a_child_that_stalls_among_its_rows_is_ended_by_the_clock(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    child(monkeypatch, "os.write(1, bytes([255] * 4 + [0]))\ntime.sleep(60)")
    started = time.monotonic()
    limits = ReadLimits(seconds=1)
    assert reader.refused("csv", "x.csv", b"a\n1\n", limits=limits) == "reader_timeout"
    assert time.monotonic() - started < 20


def test_a_child_that_floods_is_ended_long_before_its_time(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row after row that is in order, and no end of them."""
    flood = (
        "import io, pyarrow as pa\n"
        "class Endless(io.RawIOBase):\n"
        "    def writable(self): return True\n"
        "    def write(self, part): return os.write(1, part)\n"
        "rows = {'_row': pa.array(range(50000)), '_geom': pa.nulls(50000, pa.binary())}\n"
        "table = pa.table(rows)\n"
        "with pa.ipc.new_stream(Endless(), table.schema) as out:\n"
        "    while True: out.write_table(table)\n"
    )
    child(monkeypatch, flood)
    limits = ReadLimits(seconds=60, output_bytes=8 << 20)
    started = time.monotonic()
    outcome = reader.outcome("csv", "x.csv", b"a\n1\n", limits=limits)
    assert (outcome.code, "bytes" in outcome.detail) == ("reader_report", True)  # type: ignore[union-attr]
    assert time.monotonic() - started < 30


def test_rows_that_are_none_end_a_child_that_would_go_on(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    child(monkeypatch, "os.write(1, b'no arrow' * 100)\ntime.sleep(60)")
    started = time.monotonic()
    assert reader.refused("csv", "x.csv", b"a\n1\n") == "reader_report"
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (REPORT.format("refused", '{"code": "html_page", "detail": "x"}'), "html_page"),
        ("import signal; os.kill(os.getpid(), signal.SIGSEGV)", "reader_crashed"),
        ("raise KeyError('surprise')", "reader_failed"),
    ],
    ids=["it refuses", "it crashes", "it fails"],
)
def test_what_ends_a_child_among_its_rows_is_what_is_told(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, end: str, code: str
) -> None:
    """Rows that were cut off say nothing of why."""
    child(monkeypatch, "os.write(1, bytes([255] * 4 + [64, 0, 0, 0, 7]))\n" + end)
    assert reader.refused("csv", "x.csv", b"a\n1\n") == code


def test_what_a_child_says_of_a_size_costs_no_memory() -> None:
    heard, said = os.pipe()
    pipe = Pipe(heard)
    pipe.allow(seconds=60, most=1 << 30)
    with pytest.raises(Flooded):
        pipe.read(1 << 62)
    os.write(said, b"abc")
    os.close(said)
    assert bytes(pipe.read(1 << 29)) == b"abc" and pipe.ended
    pipe.close()


def test_a_line_and_what_follows_it_are_told_apart_however_they_come() -> None:
    heard, said = os.pipe()
    pipe = Pipe(heard)
    pipe.allow(seconds=60, most=100)

    def slowly() -> None:
        for part in (b"wal", b"ls\nro", b"w", b"s"):
            os.write(said, part)
            time.sleep(0.01)
        os.close(said)

    writer = threading.Thread(target=slowly)
    writer.start()
    assert pipe.line() == b"walls"
    assert bytes(pipe.read(3)) == b"row" and bytes(pipe.read(9)) == b"s"
    writer.join()
    pipe.close()


def test_silence_is_heard_no_longer_than_is_allowed() -> None:
    heard, said = os.pipe()
    pipe = Pipe(heard)
    pipe.allow(seconds=0.05, most=100)
    with pytest.raises(Stalled):
        pipe.line()
    with pytest.raises(Stalled):
        pipe.read(1)
    pipe.close()
    os.close(said)


def test_what_waits_on_the_disk_has_no_name(tmp_path: Path) -> None:
    import pyarrow as pa

    spill = Spill(pa.schema({"a": pa.int64(), "b": pa.string()}), tmp_path)
    spill.add(pa.table({"a": [1, 2], "b": ["x", None]}))
    spill.add(pa.table({"a": [3], "b": ["x"]}))
    spill.finish()
    assert list(tmp_path.iterdir()) == []
    assert spill.table()["a"].to_pylist() == [1, 2, 3]
    assert spill.table(["b"]).to_pylist() == [{"b": "x"}, {"b": None}, {"b": "x"}]
    assert spill.counts("b") == {"x": 2, None: 1}
