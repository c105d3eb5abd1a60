"""What a child hands back is as hostile as the file: a table or a refusal, whatever it left."""

from __future__ import annotations

import io
import json
import os
import random
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
import shapely.affinity

from geo.reader.job import BAD_ROWS_FILE, REPORT_FILE
from geo.reading import child, handed, nesting
from geo.reading.child import End
from geo.states import RawTable, Refusal, Sandbox
from geo.values.visible import visible, visible_lines

STOOD = Sandbox(landlock_abi=7, network_namespace=True, another_user=True, seccomp=True)
ROWS_FILE = "rows"
"""What the child said through its pipe, in the place of a file."""
POINT = shapely.to_wkb(shapely.Point(100, 13))
BAD_ROW = pa.schema({"row": pa.int64(), "code": pa.string(), "raw": pa.string()})
TABLE: dict[str, Any] = {
    "driver": "CSV",
    "container_layer": None,
    "records": 4,
    "rows": 3,
    "blank_records": 0,
    "columns": ["name", "n", "x", "yes"],
    "encoding_declared": None,
    "encoding_found": "utf-8",
    "crs_declared": None,
    "crs_text": None,
    "geometry_type": None,
    "null_geometries": 1,
    "oddities": [{"code": "delimiter", "detail": "';'"}],
}


def rows() -> dict[str, pa.Array]:
    return {
        "_row": pa.array([1, 2, 4], pa.int64()),
        "_geom": pa.array([POINT, None, POINT], pa.binary()),
        "name": pa.array(["สวน", None, "c"], pa.string()),
        "n": pa.array([1, 2, None], pa.int64()),
        "x": pa.array([0.5, None, 1.5], pa.float64()),
        "yes": pa.array([True, None, False], pa.bool_()),
    }


def bad_rows(*of: tuple[int, str, str]) -> bytes:
    arrays = [pa.array(column) for column in zip(*(of or [(3, "csv_cells", "a;b")]), strict=True)]
    return stream(pa.table(arrays, schema=BAD_ROW))


def stream(table: pa.Table, compression: str | None = None) -> bytes:
    written = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(written, table.schema, options=options) as ipc:
        ipc.write_table(table)
    return written.getvalue()


class Job:
    """A job folder in which a child left what a test says, and an honest rest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "out").mkdir()
        self.leave(REPORT_FILE, json.dumps({"table": TABLE}).encode())
        self.leave(ROWS_FILE, stream(pa.table(rows())))
        self.leave(BAD_ROWS_FILE, bad_rows())

    def leave(self, name: str, content: bytes) -> None:
        (self.folder / "out" / name).write_bytes(content)

    def outcome(self, most_bad_rows: int = 100) -> RawTable | Refusal:
        intake = handed.Intake()
        said = io.BytesIO((self.folder / "out" / ROWS_FILE).read_bytes())
        fault = child.taken(intake.take, said)
        end = End(0, False, "", STOOD, fault)
        return handed.accept(self.folder, intake, end, "csv", most_bad_rows)

    def is_refused(self) -> str:
        """The detail, of a refusal that says in two languages that the report is not in order."""
        found = self.outcome()
        assert isinstance(found, Refusal), found
        assert found.code == "reader_report" and found.message.th != found.message.en
        assert len(found.detail) <= 1000 and found.detail.isprintable()
        return found.detail


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def test_an_honest_child_is_believed(job: Job) -> None:
    found = job.outcome()
    assert isinstance(found, RawTable)
    assert found.table["name"].to_pylist() == ["สวน", None, "c"]
    assert [bad.row for bad in found.report.bad_rows] == [3]


# --- the report --------------------------------------------------------------------------------

DEEP = b'{"table": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"


@pytest.mark.parametrize(
    "report",
    [
        b"",
        b"null",
        b"[]",
        b'{"table": ',
        b"{}",
        b'{"table": null}',
        b'{"table": []}',
        b'{"table": {}}',
        b'\xff\xfe{"table": {}}',
        DEEP,
        b'{"table": {"rows": ' + b"9" * 100_000 + b"}}",
        b'{"refused": null}',
        b'{"refused": {}}',
        b'{"refused": {"code": "html_page"}}',
        b'{"refused": {"code": "html_page", "detail": 7}}',
        b'{"refused": {"code": "all is well", "detail": "x"}}',
        b'{"refused": {"code": ["html_page"], "detail": "x"}}',
        b'{"refused": {"code": "html_page", "detail": "x"}, "refused": {}}',
    ],
    ids=lambda report: report[:40].decode("latin-1"),
)
def test_a_report_of_wrong_make_is_refused(job: Job, report: bytes) -> None:
    job.leave(REPORT_FILE, report)
    job.is_refused()


def test_a_report_of_256_mb_is_not_read(job: Job) -> None:
    with (job.folder / "out" / REPORT_FILE).open("ab") as file:
        file.truncate(256 << 20)
    started = time.monotonic()
    job.is_refused()
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rows", -1),
        ("rows", 2),
        ("rows", "many"),
        ("rows", 1e308),
        ("rows", 2**63),
        ("rows", float("nan")),
        ("records", 5),
        ("records", 2**31),
        ("blank_records", 1),
        ("blank_records", None),
        ("null_geometries", 0),
        ("null_geometries", 3),
        ("columns", None),
        ("columns", "name"),
        ("columns", {"name": 1}),
        ("columns", ["name", "n", "x"]),
        ("columns", ["name", "n", "x", "yes", "more"]),
        ("columns", ["n", "name", "x", "yes"]),
        ("columns", ["name", "name", "x", "yes"]),
        ("columns", ["_row", "n", "x", "yes"]),
        ("columns", ["name", "n", "x", "\ud800"]),
        ("columns", [["name"], "n", "x", "yes"]),
        ("driver", 7),
        ("driver", ["x"]),
        ("crs_text", "x" * 1_000_000),
        ("oddities", [{"code": "x"}]),
        ("oddities", [{"code": "x", "detail": "y", "more": "z"}]),
        ("oddities", 7),
        ("bad_rows", []),
        ("sandbox", {}),
        ("format", "csv"),
        ("surprise", 1),
    ],
    ids=str,
)
def test_a_report_that_says_what_is_not_so_is_refused(job: Job, name: str, value: object) -> None:
    job.leave(REPORT_FILE, json.dumps({"table": TABLE | {name: value}}).encode())
    job.is_refused()


def test_a_report_without_a_part_is_refused(job: Job) -> None:
    for name in TABLE.keys() - {"blank_records", "oddities"}:
        less = {key: value for key, value in TABLE.items() if key != name}
        job.leave(REPORT_FILE, json.dumps({"table": less}).encode())
        job.is_refused()


@pytest.mark.parametrize("column", ["a\x1b[2Jb", "a\x00b", "\x07", "a\x7f"])
def test_a_column_cannot_be_called_a_command(job: Job, column: str) -> None:
    said = TABLE | {"columns": [column, "n", "x", "yes"]}
    job.leave(REPORT_FILE, json.dumps({"table": said}).encode())
    named = {column if name == "name" else name: values for name, values in rows().items()}
    job.leave(ROWS_FILE, stream(pa.table(named)))
    assert "control characters" in job.is_refused()


# --- texts that act ----------------------------------------------------------------------------

FORGED = "x\x1b[2K\x1b[1A\rsample_parks  accepted\u202e\u2066\x9b31m\x00\ud800\n\u2028y"


def test_texts_of_a_child_show_everything_and_do_nothing(job: Job) -> None:
    said = TABLE | {"driver": FORGED, "oddities": [{"code": FORGED, "detail": FORGED}]}
    job.leave(REPORT_FILE, json.dumps({"table": said}).encode())
    job.leave(BAD_ROWS_FILE, bad_rows((3, "a\x1b[2J", "b\x00\n\x1bc")))
    found = job.outcome()
    assert isinstance(found, RawTable)
    report = found.report
    (odd,), (bad,) = report.oddities, report.bad_rows
    assert (report.driver, odd.code, odd.detail) == (visible(FORGED),) * 3
    assert visible(FORGED).isprintable() and "sample_parks  accepted" in odd.detail
    assert (bad.code, bad.raw) == ("a\\x1b[2J", "b\\x00\n\\x1bc")


def test_a_refusal_cannot_forge_a_line(job: Job) -> None:
    refused = {"code": "html_page", "detail": FORGED}
    job.leave(REPORT_FILE, json.dumps({"refused": refused}).encode())
    found = job.outcome()
    assert isinstance(found, Refusal) and found.code == "html_page"
    assert found.detail == visible(FORGED)
    assert found.model_dump_json()


def test_last_words_of_a_child_cannot_forge_a_line() -> None:
    from geo.reading.messages import refusal

    code, detail = End(1, False, f"Traceback\nKeyError: {FORGED[:30]}", None).refusal()
    assert refusal(code, detail).detail.isprintable()


def test_an_unknown_signal_has_a_name() -> None:
    assert End(-40, False, "", None).refusal() == ("reader_crashed", "signal 40")


def test_text_stays_itself() -> None:
    plain = "สวน\u200bลุมพินี (ก) – ‘x’ \U0001f333 e\u0301"
    assert visible(plain) == visible_lines(plain) == plain
    assert visible_lines("a\r\nb\tc\rd") == "a\nb\tc\nd"


# --- the table ---------------------------------------------------------------------------------


def changed(**columns: pa.Array) -> bytes:
    return stream(pa.table(rows() | columns))


ints = pa.array([1, 2, 4], pa.int64())
WRONG_ROWS: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no arrow": lambda: b"ARROW1\0\0" * 100,
    "cut": lambda: changed()[:-400],
    "a file": lambda: _as_file(pa.table(rows())),
    "other order": lambda: stream(pa.table(dict(reversed(rows().items())))),
    "one column more": lambda: changed(more=ints),
    "int32": lambda: changed(n=pa.array([1, 2, 4], pa.int32())),
    "date": lambda: changed(n=pa.array([1, 2, 4], pa.date32())),
    "large_string": lambda: changed(name=pa.array(["a", "b", "c"], pa.large_string())),
    "view": lambda: changed(name=pa.array(["a", "b", "c"], pa.string_view())),
    "dictionary": lambda: changed(name=pa.array(["a", "a", "a"]).dictionary_encode()),
    "run ends": lambda: changed(n=pa.RunEndEncodedArray.from_arrays([3], [1])),
    "list": lambda: changed(name=pa.array([[1], [2], [3]])),
    "struct": lambda: changed(name=pa.array([{"a": 1}] * 3)),
    "null": lambda: changed(name=pa.nulls(3)),
    "zstd": lambda: stream(pa.table(rows()), "zstd"),
    "lz4": lambda: stream(pa.table(rows()), "lz4"),
    "fewer rows": lambda: stream(pa.table(rows()).slice(1)),
    "more rows": lambda: stream(pa.concat_tables([pa.table(rows())] * 2)),
    "row null": lambda: changed(_row=pa.array([1, None, 4], pa.int64())),
    "row zero": lambda: changed(_row=pa.array([0, 2, 4], pa.int64())),
    "row twice": lambda: changed(_row=pa.array([1, 1, 4], pa.int64())),
    "row of a bad row": lambda: changed(_row=pa.array([1, 3, 4], pa.int64())),
    "row too far": lambda: changed(_row=pa.array([1, 2, 2**31], pa.int64())),
    "geometry lost": lambda: changed(_geom=pa.nulls(3, pa.binary())),
    "no utf-8": lambda: changed(name=ABC).replace(b"abc", b"\xff\xfea"),
    "offsets back": lambda: _with_offsets(0, 3, 1, 2),
    "offsets beyond": lambda: _with_offsets(0, 1, 2, 10_000),
    "offsets below": lambda: _with_offsets(-5, 1, 2, 3),
}
ABC = pa.array(["a", "b", "c"])


def _with_offsets(*offsets: int) -> bytes:
    """The rows with a text column whose offsets are these."""
    right, wrong = (struct.pack("<4i", *numbers) for numbers in ((0, 1, 2, 3), offsets))
    honest = changed(name=ABC)
    assert honest.count(right) == 1
    return honest.replace(right, wrong)


def _as_file(table: pa.Table) -> bytes:
    written = io.BytesIO()
    with pa.ipc.new_file(written, table.schema) as ipc:
        ipc.write_table(table)
    return written.getvalue()


@pytest.mark.parametrize("make", WRONG_ROWS.values(), ids=WRONG_ROWS)
def test_rows_of_wrong_make_are_refused(job: Job, make: Callable[[], bytes]) -> None:
    job.leave(ROWS_FILE, make())
    job.is_refused()


def test_a_bomb_is_refused_before_it_is_unpacked(job: Job) -> None:
    """64 MB in 2 MB: nothing of that size is asked for while it is refused."""
    numbers = pa.array(np.ones(8 << 20, np.int64))
    table = pa.table({"_row": numbers, "_geom": pa.nulls(len(numbers), pa.binary())})
    bomb = stream(table, "zstd")
    assert len(bomb) < numbers.nbytes / 20
    said = TABLE | {"columns": [], "rows": len(numbers), "records": len(numbers) + 1}
    job.leave(REPORT_FILE, json.dumps({"table": said}).encode())
    job.leave(ROWS_FILE, bomb)
    held, most = pa.total_allocated_bytes(), pa.default_memory_pool().max_memory()
    assert "compressed" in job.is_refused()
    assert pa.total_allocated_bytes() == held and pa.default_memory_pool().max_memory() == most


def test_bytes_that_serve_several_columns_are_refused(job: Job) -> None:
    """What is read may not be larger than what was written."""
    columns = {f"c{number}": pa.array([number, 7, 7], pa.int64()) for number in range(200)}
    honest = stream(pa.table(rows() | columns))
    said = TABLE | {"columns": [*TABLE["columns"], *columns]}
    job.leave(REPORT_FILE, json.dumps({"table": said}).encode())
    job.leave(ROWS_FILE, honest)
    assert isinstance(job.outcome(), RawTable)
    message = list(pa.ipc.MessageReader.open_stream(honest))[1]
    kept = message.body.size // 2
    metadata = bytearray(message.metadata)
    for at in range(0, len(metadata) - 15):  # each buffer: where it begins, how long it is
        begin, length = struct.unpack_from("<qq", metadata, at)
        if length == 24 and kept <= begin + length <= message.body.size:
            struct.pack_into("<q", metadata, at, 0)
    start = honest.index(message.metadata.to_pybytes())
    crowded = honest.replace(message.metadata.to_pybytes(), bytes(metadata))
    size = struct.pack("<q", message.body.size)
    crowded = crowded.replace(size, struct.pack("<q", kept), 1)
    job.leave(ROWS_FILE, crowded[: start + len(metadata) + kept] + crowded[-8:])
    job.is_refused()


# --- bad rows ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "of",
    [
        [(0, "x", "y")],
        [(-3, "x", "y")],
        [(2**31, "x", "y")],
        [(1, "x", "y")],
        [(3, "x", "y"), (3, "x", "z")],
        [(3, "x", "y"), (5, "x", "z")],
        [(number, "x", "y") for number in range(5, 200)],
    ],
    ids=lambda of: f"{len(of)} from {of[0][0]}",
)
def test_bad_rows_that_cannot_be_are_refused(job: Job, of: list[tuple[int, str, str]]) -> None:
    job.leave(BAD_ROWS_FILE, bad_rows(*of))
    job.is_refused()


def test_ten_million_bad_rows_are_refused_at_once(job: Job) -> None:
    numbers = pa.array(np.arange(10_000_000))
    offsets = pa.py_buffer(bytes(4 * len(numbers) + 4))
    nothing = pa.Array.from_buffers(pa.string(), len(numbers), [None, offsets, pa.py_buffer(b"")])
    job.leave(BAD_ROWS_FILE, stream(pa.table([numbers, nothing, nothing], schema=BAD_ROW)))
    started = time.monotonic()
    assert "10000000 bad rows" in job.is_refused()
    assert time.monotonic() - started < 5


def test_many_bad_rows_of_honest_thai_are_taken(job: Job) -> None:
    """50,000 of 2,000 characters are an honest reader's most, and more than a report may hold."""
    many = [(number, "csv_cells", "ก" * 2000) for number in range(5, 5 + 2000)]
    job.leave(BAD_ROWS_FILE, bad_rows((3, "csv_cells", "ก"), *many))
    said = TABLE | {"records": 3 + 2001}
    job.leave(REPORT_FILE, json.dumps({"table": said}).encode())
    found = job.outcome(most_bad_rows=50_000)
    assert isinstance(found, RawTable) and len(found.report.bad_rows) == 2001


# --- geometry ----------------------------------------------------------------------------------


def nested(levels: int, order: str = "<", kind: int = 7) -> bytes:
    """Collections within each other: each holds a point, and then the next one."""
    head = struct.pack(order + "BII", order == "<", kind, 2) + POINT
    return head * levels + POINT + POINT


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [7, 6, 1007, 0x20000007])
def test_geometry_within_geometry_is_refused_before_it_is_read(
    job: Job, order: str, kind: int
) -> None:
    srid = b"\0\0\0\0" if kind & 0x20000000 else b""
    point = b"\1" + struct.pack("<I3d", 1001, 1, 2, 3) if kind == 1007 else POINT
    head = struct.pack(order + "BI", order == "<", kind) + srid + struct.pack(order + "I", 2)
    wkb = (head + point) * 20_000
    job.leave(ROWS_FILE, changed(_geom=pa.array([POINT, None, wkb], pa.binary())))
    assert "within each other" in job.is_refused()


def test_what_nests_a_little_or_is_only_long_is_taken(job: Job) -> None:
    long = shapely.to_wkb(shapely.MultiPoint([(n, n) for n in range(5000)]))
    rings = shapely.Point(0, 0).buffer(9).difference(shapely.MultiPoint([(1, 1)]).buffer(1))
    many = shapely.to_wkb(
        shapely.MultiPolygon([shapely.affinity.translate(rings, 30 * n) for n in range(50)])
    )
    for wkb in (long, many, nested(30), nested(nesting.MOST_LEVELS - 2)):
        assert isinstance(shapely.from_wkb(wkb), shapely.Geometry)
        job.leave(ROWS_FILE, changed(_geom=pa.array([POINT, None, wkb], pa.binary())))
        assert isinstance(job.outcome(), RawTable)


# --- other things in the place of files --------------------------------------------------------


@pytest.mark.parametrize("name", [REPORT_FILE, BAD_ROWS_FILE])
def test_links_pipes_and_folders_are_no_files(job: Job, name: str, tmp_path: Path) -> None:
    place = job.folder / "out" / name
    kept = tmp_path / "kept"
    place.rename(kept)
    makers: list[Callable[[], None]] = [
        lambda: place.symlink_to(kept),
        lambda: place.hardlink_to(kept),
        lambda: os.mkfifo(place),
    ]
    for make in makers:
        make()
        job.is_refused()
        place.unlink()
    place.mkdir()
    job.is_refused()
    place.rmdir()
    job.is_refused()


def test_the_folder_may_not_be_a_link(job: Job, tmp_path: Path) -> None:
    (job.folder / "out").rename(tmp_path / "elsewhere")
    (job.folder / "out").symlink_to(tmp_path / "elsewhere")
    job.is_refused()


# --- anything at all ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", [REPORT_FILE, ROWS_FILE, BAD_ROWS_FILE])
def test_whatever_a_child_leaves_is_a_table_or_a_refusal(job: Job, name: str) -> None:
    """600 mutations of an honest file; what is taken can be used to its last value."""
    chance = random.Random(2569)
    honest = (job.folder / "out" / name).read_bytes()
    taken = 0
    for _ in range(600):
        job.leave(name, mutated(honest, chance))
        found = job.outcome()
        if isinstance(found, RawTable):
            taken += 1
            found.table.to_pylist()
            found.report.model_dump_json()
        else:
            assert found.code in ("reader_report", "reader_unsafe")
            assert found.detail.isprintable()
    assert taken < 600


def mutated(honest: bytes, chance: random.Random) -> bytes:
    """Bytes changed, cut out, doubled, or numbers made huge, at up to four places."""
    content = bytearray(honest)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(max(1, len(content)))
        match chance.randrange(6):
            case 0:
                content[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del content[at : at + chance.randint(1, 40)]
            case 2:
                content[at:at] = content[at : at + chance.randint(1, 40)]
            case 3:
                at -= at % 4
                content[at : at + 4] = struct.pack(
                    "<i", chance.choice([-1, 0, 1, 2**31 - 1, 2**20])
                )
            case 4:
                at -= at % 8
                content[at : at + 8] = struct.pack("<q", chance.choice([-1, 2**62, 2**40, 7]))
            case 5:
                content[at : at + chance.randint(1, 16)] = bytes(chance.randint(1, 16))
    return bytes(content)
