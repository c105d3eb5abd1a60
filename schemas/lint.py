"""Lint of declarations: what holds between files, which no single model can see.

Nothing is run and no drop is read. Each check is a generator of (location, message) for one
declaration; `lint` gives them their file and line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

from schemas.catalogue import Catalogue, read_declarations
from schemas.documents import Location, Problem
from schemas.errors import Finding
from schemas.explain import did_you_mean
from schemas.lint_layers import area_problems, issue_problems, layer_problems
from schemas.lint_sources import source_problems
from schemas.models import Layer, OneMap, Role

TAKEN = frozenset(
    {
        *("place", "release", "layer_status", "quality_issue"),
        *("map", "layer", "layer_column", "source", "source_health"),
    }
)
"""Views that each map has in `onemap` and `web`; `<layer>_versions` stand beside its layers."""


def lint(*folders: Path) -> list[Finding]:
    """Every finding in the declarations below the folders, by place; see `load_catalogue`.

    An empty list means that the declarations can be run. Raises `DeclarationError` if there is
    no such folder.
    """
    catalogue, findings = read_declarations(*folders)
    return sorted([*findings, *_findings(catalogue)])


def lint_map(catalogue: Catalogue, map_id: str) -> list[Finding]:
    """The findings that concern one map, by place: in its declarations and in what they refer to.

    Raises UnknownMapError and DeclarationError as `Catalogue.map_view` does.
    """
    view = catalogue.map_view(map_id)
    concerned = {
        ("maps", map_id),
        ("areas", view.area.id),
        *(("layers", layer.id) for layer in view.layers),
        *(("sources", source.id) for source in view.sources),
        *(("agencies", agency) for agency in view.agencies),
    }
    return sorted(
        _findings(catalogue, lambda kind, id_: kind == "issues" or (kind, id_) in concerned)
    )


def _findings(
    catalogue: Catalogue, concerns: Callable[[str, str], bool] = lambda kind, stem: True
) -> Iterator[Finding]:
    for kind, stem, problems in _checks(catalogue):
        if concerns(kind, stem):
            document = catalogue.documents[kind, stem]
            yield from (document.finding(location, message) for location, message in problems)


def _checks(catalogue: Catalogue) -> Iterator[tuple[str, str, Iterable[Problem]]]:
    """Every check: kind and file of the declaration, and its problems."""
    for (kind, stem), document in catalogue.documents.items():
        yield kind, stem, _languages(document.value, ())
    for id_, area in catalogue.areas.items():
        yield "areas", id_, area_problems(area)
    for id_, layer in catalogue.layers.items():
        yield "layers", id_, layer_problems(layer)
        yield "layers", id_, _shared_order(layer, catalogue)
    for id_, source in catalogue.sources.items():
        yield "sources", id_, _references(catalogue, layer=source.layer, agency=source.agency)
        if source.layer in catalogue.layers:
            yield "sources", id_, source_problems(source, catalogue.layers[source.layer])
        if not any(id_ in one_map.sources for one_map in catalogue.maps.values()):
            yield "sources", id_, [(("id",), f"no map takes the source `{id_}`")]
    for id_, one_map in catalogue.maps.items():
        yield "maps", id_, _references(catalogue, area=one_map.area)
        yield "maps", id_, _map_problems(one_map, catalogue)
    if catalogue.issue_codes:
        yield "issues", "issues", issue_problems(catalogue.issue_codes.values())


def _references(catalogue: Catalogue, **references: str) -> Iterator[Problem]:
    """Keys of a declaration that name another one, which must be declared."""
    kinds = {"layer": "layers", "agency": "agencies", "area": "areas"}
    for key, id_ in references.items():
        known = _declared(catalogue, kinds[key])
        if id_ not in known:
            yield (key,), f"there is no {key} `{id_}`; {did_you_mean(id_, known)}"


def _declared(catalogue: Catalogue, kind: str) -> list[str]:
    """Ids of the files of a kind, also of those that are wrong: they have their own findings."""
    return sorted(stem for found, stem in catalogue.documents if found == kind)


def _map_problems(one_map: OneMap, catalogue: Catalogue) -> Iterator[Problem]:
    for key, ids in (("layers", one_map.layers), ("sources", one_map.sources)):
        known = _declared(catalogue, key)
        for i, id_ in enumerate(ids):
            if id_ not in known:
                yield (key, i), f"there is no {key[:-1]} `{id_}`; {did_you_mean(id_, known)}"
            if id_ in ids[:i]:
                yield (key, i), f"`{id_}` is named twice"
    sources = {id_: catalogue.sources[id_] for id_ in one_map.sources if id_ in catalogue.sources}
    for i, id_ in enumerate(one_map.sources):
        if id_ in sources and sources[id_].layer not in one_map.layers:
            yield (
                ("sources", i),
                f"`{id_}` feeds the layer `{sources[id_].layer}`, which is not in this map",
            )
    fed = {source.layer for source in sources.values()}
    if len(sources) == len(one_map.sources):
        for i, id_ in enumerate(one_map.layers):
            if id_ not in fed:
                yield ("layers", i), f"no source of this map feeds the layer `{id_}`"
    yield from _boundaries(one_map, catalogue.layers)
    for i, id_ in enumerate(one_map.layers):
        if id_ in TAKEN or id_ in {f"{layer}_versions" for layer in one_map.layers}:
            message = f"`{id_}` is a view of its own in the map's database"
            yield ("layers", i), f"{message}; give the layer another name"


def _boundaries(one_map: OneMap, layers: Mapping[str, Layer]) -> Iterator[Problem]:
    """Places get their district and subdistrict from the map's own boundaries."""
    roles = Counter(layers[id_].role for id_ in one_map.layers if id_ in layers)
    for role in (Role.district, Role.subdistrict):
        if roles[role] != 1:
            yield ("layers",), f"a map has one layer of role `{role}`; this one has {roles[role]}"


def _shared_order(layer: Layer, catalogue: Catalogue) -> Iterator[Problem]:
    """Told at the later one of the two: a project's, where One Map's own is the other."""
    maps = [one_map.layers for one_map in catalogue.maps.values() if layer.id in one_map.layers]
    beside = set().union(*maps)
    before = takewhile(lambda other: other.id != layer.id, catalogue.layers.values())
    same = (other for other in before if other.style.order == layer.style.order)
    for other in (other for other in same if other.id in beside):
        message = f"`order: {layer.style.order}` is also that of `{other.id}`"
        yield ("style", "order"), f"{message}; what lies on top would be chance"
        return


def _languages(value: Any, location: Location) -> Iterator[Problem]:
    """Texts in two languages: Thai is in Thai letters, English in Latin ones."""
    if isinstance(value, dict):
        if value.keys() == {"th", "en"}:
            yield from _language(value, location, "th", "Thai", lambda c: "ก" <= c <= "๛")
            yield from _language(value, location, "en", "Latin", lambda c: c.isascii())
        for key, item in value.items():
            yield from _languages(item, (*location, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _languages(item, (*location, i))


def _language(
    texts: dict[str, Any],
    location: Location,
    key: str,
    script: str,
    belongs: Callable[[str], bool],
) -> Iterator[Problem]:
    text = str(texts[key])
    if not any(belongs(letter) and not letter.isspace() for letter in text):
        yield (*location, key), f"`{key}` has no {script} letter: `{text}`"
