"""The manifest: what a release holds, file by file, and where its content came from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Row

from geo.errors import ReleaseUnverified
from geo.publishing.columns import RESERVED, public_columns, written_names
from geo.publishing.content import Content
from geo.publishing.counting import Account
from geo.publishing.durable import sync
from geo.publishing.facts import Facts
from geo.publishing.named import describe
from geo.publishing.publication import Publication
from geo.store.database import run
from schemas.models import Layer, Source

Json = dict[str, Any]

FORMAT: Final = 2
"""Shape of the manifest and of what it names; raised when a reader would have to know.

1 (where none is given): `held` for `at_area`, `files.held` for `files.unplaced`, and a day of
fetching told as the date of the content. web/formats.py reads it.
"""


@dataclass(frozen=True)
class LayerProducts:
    """What was built and verified of one layer."""

    facts: Facts
    files: Mapping[str, Json]
    accounts: Mapping[int, Account]


def describe_file(path: Path, folder: Path) -> Json:
    """Name within the release, fingerprint and size of a file."""
    file = describe(path, folder)
    return {"path": file.path, "sha256": file.sha256, "bytes": file.size}


def build_manifest(
    connection: Connection,
    publication: Publication,
    layers: Mapping[str, Json],
    contents: Mapping[str, Content],
    files: Mapping[str, Json],
) -> Json:
    """The manifest of a built release. `layers` and `contents` are by layer id: what it says of
    each (`describe_layer`), and what decided it. `files` are those of the whole map, by name.

    `data_as_of` is the newest date that an agency states for its content, and null where none
    does; `fetched_on` is the newest day, in Bangkok, on which bytes were fetched.
    """
    one_map = publication.view.map
    accepted = _accepted_runs(connection, publication)
    sources = [source for source in publication.view.sources if source.id in accepted]
    _require_same_counts(accepted, contents.values())
    return {
        "format": FORMAT,
        "map": one_map.id,
        "title": one_map.title.model_dump(),
        "notice": one_map.notice.model_dump() if one_map.notice else None,
        "sample": one_map.sample,
        "release": publication.number,
        "database": publication.database_id,
        "declarations_sha256": publication.declarations_sha256,
        "published_at": None,
        "data_as_of": _newest(source.as_of for source in sources),
        "fetched_on": _newest(_fetched_on(accepted[source.id]) for source in sources),
        "bounds": list(publication.view.area.extent),
        "layers": [layers[layer.id] for layer in publication.view.layers],
        "sources": [_source(publication, source, accepted[source.id]) for source in sources],
        "files": dict(files),
    }


def write_manifest(folder: Path, manifest: Json, published_at: datetime) -> Json:
    """Writes the manifest of a release that is published now; returns it as it was written."""
    text = published_at.astimezone(UTC).isoformat(timespec="microseconds")
    final = manifest | {"published_at": text}
    path = folder / "manifest.json"
    path.write_text(json.dumps(final, ensure_ascii=False, indent=1), "utf-8")
    sync(path)
    sync(folder)
    return final


def describe_layer(layer: Layer, content: Content, products: LayerProducts) -> Json:
    """What the manifest says of a layer that was built."""
    facts = products.facts
    written = _written_as(layer)
    return {
        "id": layer.id,
        "content": content.noted,
        "title": layer.title.model_dump(),
        "role": layer.role.value,
        "geometry": layer.geometry.value,
        "features": facts.features,
        "located": facts.located,
        "at_area": {name: facts.by_precision[name] for name in ("subdistrict", "district")},
        "min_zoom": layer.style.min_zoom,
        "max_zoom": layer.style.max_zoom,
        "bounds": list(facts.bounds) if facts.bounds else None,
        "tiles": _accounts(layer, facts.located, products.accounts),
        "files": {
            name: described | {"features": facts.located if name == "pmtiles" else facts.features}
            for name, described in products.files.items()
        },
        "columns": [
            {
                "name": name,
                "type": column.type.value,
                "title": column.title.model_dump(),
                "unit": column.unit,
                **({"written_as": written[name]} if name in written else {}),
            }
            for name, column in public_columns(layer).items()
        ],
    }


def _accounts(layer: Layer, located: int, accounts: Mapping[int, Account]) -> Json:
    """For each zoom how many of the located features tiles draw, how many they tell by counts,
    and how many are not there yet: a layer begins at its own zoom.
    """
    before = {
        str(zoom): {"drawn": 0, "counted": 0, "below_min_zoom": located}
        for zoom in range(layer.style.min_zoom)
    }
    told = {
        str(zoom): {"drawn": account.drawn, "counted": account.counted, "below_min_zoom": 0}
        for zoom, account in accounts.items()
    }
    return {**before, **told}


def _written_as(layer: Layer) -> dict[str, dict[str, str]]:
    """Column -> format -> its name there, for those that a format calls otherwise."""
    written: dict[str, dict[str, str]] = {}
    for product in RESERVED:
        for name, other in written_names(layer, product).items():
            written.setdefault(name, {})[product] = other
    return written


def _accepted_runs(connection: Connection, publication: Publication) -> dict[str, Row[Any]]:
    wanted = [source.id for source in publication.view.sources]
    return {
        row.source_id: row
        for row in run(connection, "publish_sources", sources=wanted, target=publication.number)
    }


def _require_same_counts(accepted: Mapping[str, Row[Any]], layers: Iterable[Content]) -> None:
    """The rows on the map are those that each source's run has published, counted apart."""
    on_the_map = Counter[str]()
    for content in layers:
        on_the_map.update(content.by_source)
    said = {source: found.rows_published for source, found in accepted.items()}
    for source in sorted({*on_the_map, *said}):
        if on_the_map[source] != said.get(source, 0):
            raise ReleaseUnverified(
                f"source {source}",
                f"{on_the_map[source]} rows are on the map, and its run had {said.get(source)}",
            )


def _source(publication: Publication, source: Source, accepted: Row[Any]) -> Json:
    agency = publication.view.agencies[source.agency]
    return {
        "id": source.id,
        "layer": source.layer,
        "agency": agency.title.model_dump(),
        "title": source.title.model_dump(),
        "licence": agency.licence.model_dump(),
        "sha256": accepted.snapshot_sha256,
        "fetched_at": _iso(accepted.fetched_at) if accepted.fetched_at else None,
        "as_of": source.as_of,
        "fetched_on": _fetched_on(accepted),
        "rows_in": accepted.rows_in,
        "published": accepted.rows_published,
        "quarantined": accepted.rows_quarantined,
        "filtered": accepted.rows_filtered,
        "at_area": accepted.rows_at_area,
    }


def _fetched_on(accepted: Row[Any]) -> str | None:
    """The day in Bangkok when the content was fetched. It is no date of the content."""
    return accepted.fetched_on.isoformat() if accepted.fetched_on else None


def _newest(days: Iterable[str | None]) -> str | None:
    """The latest of ISO dates; None where nobody states one."""
    return max(filter(None, days), default=None)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
