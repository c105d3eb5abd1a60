"""Standing: is there anything to do, or does an earlier decision cover these bytes already?"""

from __future__ import annotations

import hashlib
from importlib.metadata import version

from sqlalchemy import Engine

from geo.states import Snapshot
from geo.store import runs
from geo.store.boundaries import areas_fingerprint
from geo.store.database import connect
from schemas.catalogue import MapView
from schemas.models import Role, Source


def standing(engine: Engine, view: MapView, source: Source, taken: Snapshot) -> runs.Earlier | None:
    """What was decided of these bytes, if nothing that decides has changed since."""
    current = fingerprint(engine, view, source)
    with connect(engine) as connection:
        return runs.earlier(connection, source.id, taken.sha256, current)


def fingerprint(engine: Engine, view: MapView, source: Source) -> str:
    """sha256 of all that decides how a source's bytes become rows."""
    layer = view.layer(source.layer)
    boundary = layer.role in (Role.district, Role.subdistrict)
    declared = [part.model_dump_json() for part in (source, layer, view.area)]
    with connect(engine) as connection:
        areas = "" if boundary else areas_fingerprint(connection)
    text = "\n".join([version("city-onemap"), *declared, areas])
    return hashlib.sha256(text.encode()).hexdigest()
