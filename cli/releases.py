"""What was published, and what differs: `onemap releases` and `onemap diff`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.language import Words
from cli.opening import open_map, require_source
from cli.options import JsonOption, LangOption, MapOption
from cli.output import Answer, Column
from cli.words import LAYER

if TYPE_CHECKING:
    from flows.job import Job
    from geo.store.reading import Row

KINDS: Mapping[str, Words] = {
    "added": Words("เพิ่ม", "added"),
    "changed": Words("เปลี่ยน", "changed"),
    "removed": Words("หายไป", "removed"),
}
COUNTS = [Column(name, title, number=True) for name, title in KINDS.items()]
RELEASES = [
    Column("release", Words("รุ่น", "release"), number=True),
    Column("published_at", Words("เผยแพร่เมื่อ", "published at")),
    Column("mark", Words("ไฟล์", "files")),
    Column("features", Words("สิ่งบนแผนที่", "features"), number=True),
    *COUNTS,
    Column("source_count", Words("แหล่งที่เปลี่ยน", "sources changed"), number=True),
]
LAYERS = [LAYER, *COUNTS]
FEATURES = [
    Column("change", Words("การเปลี่ยน", "change"), words=KINDS),
    Column("feature_id", Words("รหัสประจำตัว", "feature id"), whole=True),
    Column("name", Words("ชื่อ", "name")),
    Column("columns", Words("ช่องที่เปลี่ยน", "columns changed")),
]
MOST_SHOWN = 10
"""Features of each layer and kind of change that people are shown where they ask for no number."""

CURRENT = Words("ใช้อยู่", "current")
PRUNED = Words("ลบตามอายุแล้ว", "pruned")
NO_RELEASES = Words("ยังไม่มีรุ่นที่เผยแพร่", "Nothing is published yet.")
SAME = Words("รุ่น {a} และรุ่น {b} เหมือนกัน", "Releases {a} and {b} are the same.")
TITLE = Words("จากรุ่น {a} ถึงรุ่น {b}", "From release {a} to release {b}")
MORE = Words("{kind}อีก {count} รายการ (--limit)", "and {count} more {kind} (--limit)")

Number = Annotated[int, typer.Argument(min=0, help="A release; 0 is before the first.")]
Current = Annotated[
    int | None, typer.Argument(min=0, help="Another; the current one, if none is named.")
]


def releases(
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 20,
    map_id: MapOption = "sample",
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """List what was published, the newest first, and what each release changed."""
    from geo.store.reading import listed_releases

    found = listed_releases(open_map(map_id).engine, limit)
    told = [row | {"mark": _mark(row), "source_count": len(row["sources"])} for row in found]
    Answer(as_json, lang).rows(RELEASES, found if as_json else told, NO_RELEASES)


def _mark(row: Row) -> Words | None:
    """The release that readers follow, and those whose files are kept no longer."""
    if row["current"]:
        return CURRENT
    return PRUNED if row["files_pruned_at"] else None


def diff(
    a: Number,
    b: Current = None,
    layer: Annotated[str | None, typer.Option(help="Of this layer alone.")] = None,
    source: Annotated[str | None, typer.Option(help="Of this source alone.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="List at most so many of each layer and kind.")
    ] = None,
    map_id: MapOption = "sample",
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """Say which features two releases differ in, layer by layer, and in which columns."""
    from geo.store.reading import release_differences

    job = open_map(map_id)
    before, after = _releases(job, a, b)
    _require_layer(job, layer)
    if source is not None:
        require_source(job, source)
    most = limit if as_json or limit else MOST_SHOWN
    found = release_differences(job.engine, before, after, layer=layer, source=source, most=most)
    answer = Answer(as_json, lang)
    if as_json:
        answer.json(_whole(before, after, found))
    else:
        _tell(before, after, found, answer)


def _tell(before: int, after: int, found: list[Row], answer: Answer) -> None:
    if not found:
        answer.say(SAME, a=before, b=after)
        return
    answer.say(TITLE, a=before, b=after)
    answer.table(LAYERS, _counts(found))
    for layer, features in groupby(found, lambda row: row["layer"]):
        listed = list(features)
        answer.title(layer)
        answer.table(FEATURES, [row | {"name": _name(row)} for row in listed])
        for kind, words in KINDS.items():
            shown = [row for row in listed if row["change"] == kind]
            if shown and shown[0]["count"] > len(shown):
                answer.say(MORE, kind=words, count=shown[0]["count"] - len(shown))


def _whole(before: int, after: int, found: list[Row]) -> dict[str, Any]:
    """For programs: counts by layer, and the features with what they are."""
    features = [
        {key: value for key, value in row.items() if key not in ("count", "name_th", "name_en")}
        | {"name": _name(row)}
        for row in found
    ]
    return {"from": before, "to": after, "layers": _counts(found), "features": features}


def _counts(found: list[Row]) -> list[Row]:
    """How many features of each layer were added, changed and removed."""
    by_layer: dict[str, Row] = {}
    for row in found:
        counts = by_layer.setdefault(row["layer"], dict.fromkeys(KINDS, 0))
        counts[row["change"]] = row["count"]
    return [{"layer": layer} | counts for layer, counts in by_layer.items()]


def _name(row: Row) -> Words | None:
    thai, english = row["name_th"], row["name_en"]
    return Words(thai or english, english or thai) if thai or english else None


def _releases(job: Job, a: int, b: int | None) -> tuple[int, int]:
    """Both releases. Raises NotThere."""
    from geo.errors import NotThere
    from geo.store.reading import release_numbers

    known = release_numbers(job.engine)
    for number in (a, b):
        if number is not None and number not in known:
            raise NotThere(f"release {number}", "`onemap releases` lists those there are")
    return a, max(known) if b is None else b


def _require_layer(job: Job, layer: str | None) -> None:
    from geo.errors import NotThere

    known = [one.id for one in job.view.layers]
    if layer is not None and layer not in known:
        raise NotThere(f"layer {layer}", f"map {job.view.map.id} has {', '.join(known)}")
