"""The declarations of the cases' map: the sample's boundaries, a few layers, a source a case."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from schemas.catalogue import FOLDER

HERE = Path(__file__).parent
MAP = "cases"
REFUSED_BY_LINT = frozenset({"col_xmin"})
BOUNDARIES = ("districts", "subdistricts")
LOW_ZOOM = 8
"""Tiles are not what the cases are about."""

_TYPES = {
    **dict.fromkeys(("name_th", "name_en", "note"), "text"),
    "code": "code",
    "built": "date",
    **dict.fromkeys(("amount", "amount2"), "number"),
}


def cases() -> list[str]:
    """Names of all cases."""
    return sorted(path.parent.name for path in HERE.glob("*/expect.json"))


def expected(case: str) -> dict[str, Any]:
    """The right answer of a case."""
    answer: dict[str, Any] = json.loads((HERE / case / "expect.json").read_text("utf-8"))
    return answer


def write_declarations(folder: Path, names: list[str]) -> None:
    """A folder of declarations with one map, whose sources are these cases."""
    for kind in ("areas", "agencies", "layers", "sources", "maps"):
        (folder / kind).mkdir(parents=True)
    for name in ("issues.yaml", "areas/bangkok.yaml", "agencies/sample_planning.yaml"):
        shutil.copy(FOLDER / name, folder / name)
    for name in BOUNDARIES:
        shutil.copy(FOLDER / f"sources/sample_{name}.yaml", folder / "sources")
        boundary = yaml.safe_load((FOLDER / f"layers/{name}.yaml").read_text("utf-8"))
        boundary["style"] |= {"min_zoom": 0, "max_zoom": LOW_ZOOM}
        _write(folder / f"layers/{name}.yaml", boundary)
    layers = {_source(name)["layer"] for name in names}
    for order, layer in enumerate(sorted(layers), start=100):
        _write(folder / f"layers/{layer}.yaml", _layer(layer, order))
    for name in names:
        _write(folder / f"sources/{_source(name)['id']}.yaml", _source(name))
    _write(folder / f"maps/{MAP}.yaml", _map(names, sorted(layers)))


def _source(case: str) -> dict[str, Any]:
    declared: dict[str, Any] = yaml.safe_load((HERE / case / "source.yaml").read_text("utf-8"))
    return declared


def _layer(name: str, order: int) -> dict[str, Any]:
    of_areas = name == "br_polys"
    title = {"th": f"ทดสอบ {name}", "en": name}
    return {
        "id": name,
        "title": title,
        "description": title,
        "role": "area" if of_areas else "place",
        "geometry": "polygon" if of_areas else "point",
        "columns": {
            column: {"type": kind, "title": title, "privacy": "public"}
            for column, kind in (_TYPES | _own_columns(name)).items()
        },
        "gate": {"max_fall": 1, "max_error_share": 1},
        "style": {"colour": "#332288", "min_zoom": 0, "max_zoom": LOW_ZOOM, "order": order},
    }


def _own_columns(layer: str) -> dict[str, str]:
    if layer == "br_xmin":
        return {"xmin": "number"}
    if layer == "br_words":
        words = next(iter(expected("col_reserved").values()))
        return dict.fromkeys(words, "text")
    return {}


def _map(names: list[str], layers: list[str]) -> dict[str, Any]:
    return {
        "id": MAP,
        "title": {"th": "แผนที่ทดสอบ", "en": "Map of the cases"},
        "area": "bangkok",
        "layers": [*BOUNDARIES, *layers],
        "sources": [f"sample_{name}" for name in BOUNDARIES] + [_source(n)["id"] for n in names],
    }


def _write(path: Path, declared: dict[str, Any]) -> None:
    """As JSON, which is YAML: without aliases, which the lint refuses."""
    path.write_text(json.dumps(declared, ensure_ascii=False), encoding="utf-8")
