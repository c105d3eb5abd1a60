"""The last accepted bytes, read again: do they still give what they gave?

A re-reading is no delivery. The agency sent nothing, so nothing may have changed but by us: what a
delivery may do (fall by a share, bring a column) is no measure. It is judged by rows lost, ids
changed, metres moved and values changed, against the rows that these bytes gave before (ADR 0011).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.space import wkb
from geo.space.displacement import displacement_m
from geo.spill import Spill
from geo.states import Validated, Verdict
from geo.store.current import Current
from geo.values.storable_columns import storable_column
from schemas.models import Bilingual

MOVED_M = 1.0
"""A position that moved less is the same place: a newer PROJ differs by less."""
MOVED_FAR_M = 100.0
"""One row that moved further is held: a datum error of Thailand is 189 m (`Indian 1975`)."""
FEW = 4
"""Fewer rows than this are the exception that a mended parser is for."""
SHARE = 0.01
"""Share of a source's rows whose value of one column may change."""
MOST = 0.5
"""More than this share is held, however few the rows are."""

_SKIPPED = (
    *("feature_id", "content_hash", "geom", "source_key", "source_row"),
    *(
        "district_code",
        "subdistrict_code",
        "location_precision",
    ),  # of the boundaries, not the bytes
)
_VERSION = ("feature_id", "content_hash")
_CLAIMED = ("claimed_district_code", "claimed_subdistrict_code")


@dataclass(frozen=True)
class Differences:
    """What the same bytes give now, against what they gave.

    `ids_changed` are rows whose content is there under another id; `moved` lie more than a metre
    from where they were, `largest_move_m` is in metres (infinite where a position came or went);
    `values_changed` counts rows by column.
    """

    rows_before: int
    rows_now: int
    rows_lost: int
    rows_added: int
    ids_changed: int
    moved: int
    largest_move_m: float
    values_changed: Mapping[str, int]

    @property
    def any(self) -> bool:
        """Whether readers would see anything else."""
        counted = self.rows_lost + self.rows_added + self.ids_changed
        return bool(counted or self.largest_move_m or self.values_changed)


def judge_again(delivery: Validated, before: Current) -> Verdict:
    """Accepts a re-reading that changes next to nothing; holds another, with the evidence."""
    found = compare(before, delivery.accepted)
    reason = _reason(found) if _is_other(found) else None
    evidence = {"rows_in": delivery.rows_in, "reread": _as_json(found)}
    return Verdict("held" if reason else "accepted", reason, evidence)


def compare(before: Current, now: Spill) -> Differences:
    """What differs between two states of a source.

    Rows of one id and one hash are the same. The others are looked at value by value, a batch at a
    time, and only of these is it asked what the map has.
    """
    versions = now.table(list(_VERSION))
    lost = before.versions.filter(_is_not_in(before.versions, versions))
    new = versions.filter(_is_not_in(versions, before.versions))
    ids_changed = int(pc.sum(pc.is_in(_hashes(lost), value_set=_hashes(new))).as_py() or 0)
    moved, largest, values_changed = 0, 0.0, Counter[str]()
    for there, here in _pairs(before, now):
        moves = displacement_m(wkb.read(there["geom"]).shapes, wkb.read(here["geom"]).shapes)
        moved += int((moves > MOVED_M).sum())
        largest = max(largest, float(moves.max(initial=0.0)))
        values_changed.update(_values_changed(there, here))
    return Differences(
        rows_before=before.versions.num_rows,
        rows_now=versions.num_rows,
        rows_lost=lost.num_rows - ids_changed,
        rows_added=new.num_rows - ids_changed,
        ids_changed=ids_changed,
        moved=moved,
        largest_move_m=largest,
        values_changed=dict(values_changed),
    )


def _is_not_in(rows: pa.Table, others: pa.Table) -> pa.ChunkedArray:
    return pc.invert(pc.is_in(_ids(rows), value_set=_ids(others)))


def _pairs(before: Current, now: Spill) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Rows as they were and as they are, of one id each, where their hashes differ."""
    ids, hashes = _ids(before.versions), _hashes(before.versions)
    for batch in now.batches():
        rows = pa.Table.from_batches([batch])
        was = hashes.take(pc.index_in(_ids(rows), value_set=ids))
        other = rows.filter(pc.fill_null(pc.not_equal(was, _hashes(rows)), False))
        if other.num_rows:
            found = before.rows(_ids(other).combine_chunks())
            yield found.take(pc.index_in(_ids(other), value_set=_ids(found))), other


def described(found: Differences) -> Bilingual:
    """The differences in words; a column by its name."""
    thai, english = zip(*_words(found), strict=True) if found.any else (["ไม่มี"], ["nothing"])
    return Bilingual(th=", ".join(thai), en=", ".join(english))


def _is_other(found: Differences) -> bool:
    if found.rows_lost or found.ids_changed:
        return True
    most_changed = max(found.values_changed.values(), default=0)
    return (
        found.moved >= FEW
        or found.largest_move_m > MOVED_FAR_M
        or (most_changed >= FEW and most_changed > SHARE * found.rows_now)
        or most_changed > MOST * found.rows_now
    )


def _reason(found: Differences) -> Bilingual:
    words = described(found)
    return Bilingual(
        th=f"อ่านแฟ้มเดิมซ้ำแล้วได้ผลต่างจากเดิม: {words.th}",
        en=f"read again, the same bytes give something else: {words.en}",
    )


def _words(found: Differences) -> list[tuple[str, str]]:
    far = f"{found.largest_move_m:,.1f}"
    lost_position = np.isinf(found.largest_move_m)
    said = [
        (found.rows_lost, f"แถวหายไป {found.rows_lost}", f"{found.rows_lost} row(s) lost"),
        (found.rows_added, f"แถวเพิ่มขึ้น {found.rows_added}", f"{found.rows_added} row(s) more"),
        (
            found.ids_changed,
            f"รหัสประจำตัวเปลี่ยน {found.ids_changed}",
            f"{found.ids_changed} id(s) changed",
        ),
        (
            found.moved and not lost_position,
            f"ย้ายตำแหน่ง {found.moved} แถว ไกลสุด {far} ม.",
            f"{found.moved} row(s) moved, by up to {far} m",
        ),
        (
            lost_position,
            f"ได้หรือเสียตำแหน่ง หรือย้ายที่ {found.moved} แถว",
            f"{found.moved} row(s) won or lost their position, or moved",
        ),
        (
            0 < found.largest_move_m <= MOVED_M,
            f"ตำแหน่งขยับไม่เกิน {MOVED_M:.0f} ม.",
            f"positions moved by less than {MOVED_M:.0f} m",
        ),
    ]
    said += [
        (count, f"ค่าใน {name} เปลี่ยน {count}", f"{count} value(s) of {name} changed")
        for name, count in found.values_changed.items()
    ]
    return [(thai, english) for applies, thai, english in said if applies]


def _values_changed(there: pa.Table, here: pa.Table) -> dict[str, int]:
    counts = {
        name: _differing(_value(there, name), _value(here, name))
        for name in here.column_names
        if name not in _SKIPPED
    }
    return {name: count for name, count in counts.items() if count}


def _value(rows: pa.Table, name: str) -> pa.ChunkedArray:
    """A column as it is compared: as the database holds it; a subdistrict says its district."""
    if name not in rows.column_names:
        return pa.chunked_array([pa.nulls(rows.num_rows, pa.string())])
    values = rows[name]
    if name == _CLAIMED[0]:
        return pc.coalesce(values, pc.utf8_slice_codeunits(rows[_CLAIMED[1]], 0, 4))
    if pa.types.is_floating(values.type):
        return pc.if_else(pc.is_nan(values), None, values)
    return storable_column(values) if pa.types.is_string(values.type) else values


def _differing(there: pa.ChunkedArray, here: pa.ChunkedArray) -> int:
    other = pc.not_equal(there.cast(here.type), here)
    one_is_null = pc.xor(pc.is_null(there), pc.is_null(here))
    return int(pc.sum(pc.fill_null(other, False)).as_py() or 0) + int(
        pc.sum(one_is_null).as_py() or 0
    )


def _ids(rows: pa.Table) -> pa.ChunkedArray:
    return rows["feature_id"].cast(pa.binary())


def _hashes(rows: pa.Table) -> pa.ChunkedArray:
    return rows["content_hash"].cast(pa.binary())


def _as_json(found: Differences) -> dict[str, object]:
    """As evidence; JSON has no infinity."""
    finite = np.isfinite(found.largest_move_m)
    return asdict(found) | {"largest_move_m": round(found.largest_move_m, 3) if finite else None}
