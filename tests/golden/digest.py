"""A map's content as a digest that can be compared and read: per source counts, issues, columns."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, text

from flows.job import Job, RefreshResult
from geo.store import tables
from geo.store.database import connect
from schemas.models import Layer, Source

DECIMALS = 7
"""Of degrees, which is a centimetre: less is the last bit of somebody's floating point."""

Digest = Mapping[str, Mapping[str, Any]]


def digest(job: Job, result: RefreshResult) -> Digest:
    """Every source's content in its map's first release."""
    outcomes = {outcome.source_id: outcome for outcome in result.sources}
    with connect(job.engine) as connection:
        return {
            source.id: {
                "outcome": outcomes[source.id].outcome,
                "rows in": outcomes[source.id].rows_in,
                "published": outcomes[source.id].published,
                "quarantined": outcomes[source.id].quarantined,
                "filtered": outcomes[source.id].filtered,
                "at an area": outcomes[source.id].at_area,
                "repaired": outcomes[source.id].repaired,
                "issues": _issues(connection, source),
                "columns": _columns(connection, source, job.view.layer(source.layer)),
            }
            for source in job.view.sources
        }


def differences(before: Digest, now: Digest) -> list[str]:
    """What is other, one line each: `sample_parks: published 41 -> 40`."""
    return [
        f"{source}: {line}"
        for source in sorted({*before, *now})
        for line in _lines(before.get(source, {}), now.get(source, {}))
    ]


def _lines(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted({*before, *now}):
        old, new = before.get(key), now.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from (f"{key}: {line}" for line in _lines(old, new))
        elif old != new:
            yield f"{key} {old} -> {new}"


def _issues(connection: Connection, source: Source) -> dict[str, int]:
    found = connection.execute(
        text(
            """select i.code, count(*) as number from meta.issue i join meta.run using (run_id)
               where source_id = :source group by 1 order by 1"""
        ),
        {"source": source.id},
    )
    return {row.code: row.number for row in found}


def _columns(connection: Connection, source: Source, layer: Layer) -> dict[str, str]:
    """Per column a hash over (key, value) of all rows, in the order of their keys."""
    names = [
        "source_key",
        "feature_id",
        "claimed_district_code",
        "claimed_subdistrict_code",
        "district_code",
        "subdistrict_code",
        "location_precision",
        *layer.columns,
    ]
    columns = ", ".join(f'"{name}"' for name in names)
    rows = connection.execute(
        text(
            f"""select st_asbinary(geom) as geom, {columns} from core.{tables.history(layer).name}
                where source_id = :source and release_to is null order by source_key collate "C" """
        ),
        {"source": source.id},
    ).all()
    hashed = {name: _hash([[row.source_key, getattr(row, name)] for row in rows]) for name in names}
    return hashed | {"geom": _hash([_rounded(row.geom) for row in rows])}


def _rounded(wkb: bytes | None) -> str:
    if wkb is None:
        return ""
    shape = shapely.from_wkb(wkb)
    return shapely.to_wkt(
        shapely.normalize(shapely.transform(shape, lambda xy: np.round(xy, DECIMALS) + 0.0)),
        rounding_precision=DECIMALS,
    )


def _hash(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:12]
