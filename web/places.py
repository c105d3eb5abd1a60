"""Search, cards, and places without a position, as JSON for the viewer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from web.areas import AreaNames
from web.caching import tagged_json
from web.calls import ListedCalls
from web.current import Current
from web.errors import bad_parameter, not_found
from web.knowledge import KnowledgeOf
from web.ogc_collections import CollectionsOf
from web.releases import Release
from web.search import MAX_QUERY, MAX_RESULTS

DEFAULT_RESULTS = 12
STANDARD = ("source_id", "district_code", "subdistrict_code", "location_precision")
NAMES = ("name_th", "name_en")


def place_routes(
    current: Current,
    asked: ListedCalls,
    knowledge: KnowledgeOf,
    collections: CollectionsOf,
) -> list[Route]:
    """`/search`, `/places/<layer>/<feature_id>` and `/unplaced`."""

    async def search(request: Request) -> Response:
        _only(request, "q", "limit")
        query, limit = _query(request), _limit(request)
        release = await current.release()
        index = (await knowledge(release)).index
        found = await run_in_threadpool(index.find, query, limit)
        return tagged_json(request, {"query": query, "release": release.number, **found})

    async def card(request: Request) -> Response:
        async def of(release: Release) -> Response:
            return await card_of(request, release)

        return await current.answer(of)

    async def card_of(request: Request, release: Release) -> Response:
        layer = release.layers.get(request.path_params["layer"])
        if layer is None:
            raise not_found("there is no such layer; see manifest.json")
        feature_id: UUID = request.path_params["feature_id"]
        collection = (await collections(release))[layer["id"]]
        async with asked.acquire(release.number) as connection:
            found = await collection.features(connection, ids_filter=[str(feature_id)])
        if not found["items"]:
            raise not_found(f"layer `{layer['id']}` has no such feature in the current release")
        names = (await knowledge(release)).names
        return tagged_json(request, _card(release, layer, found["items"][0], names))

    async def unplaced(request: Request) -> Response:
        _only(request, "area")
        release = await current.release()
        code = request.query_params.get("area", "")
        names = (await knowledge(release)).names
        area = names.of(code)
        if not code or area is None or area["level"] is None:
            raise bad_parameter("`area` must be the code of a district or subdistrict of this map")
        return tagged_json(request, _unplaced(release, area, names))

    return [
        Route("/search", search),
        Route("/places/{layer}/{feature_id:uuid}", card),
        Route("/unplaced", unplaced),
    ]


def _only(request: Request, *known: str) -> None:
    if unknown := sorted(set(request.query_params) - set(known)):
        raise bad_parameter(f"unknown parameter `{unknown[0]}`; known here: {', '.join(known)}")


def _query(request: Request) -> str:
    query = request.query_params.get("q", "").strip()
    if not query or len(query) > MAX_QUERY:
        raise bad_parameter(f"`q` must be 1 to {MAX_QUERY} characters: a name, a code or an area")
    return query


def _limit(request: Request) -> int:
    asked = request.query_params.get("limit", str(DEFAULT_RESULTS))
    if not (asked.isascii() and asked.isdigit() and 0 < len(asked) < 10 and int(asked) > 0):
        raise bad_parameter("`limit` must be a whole number from 1")
    return min(int(asked), MAX_RESULTS)


def _card(
    release: Release,
    layer: Mapping[str, Any],
    feature: Mapping[str, Any],
    names: AreaNames,
) -> dict[str, Any]:
    values = feature["properties"]
    source = release.sources.get(values["source_id"], {})
    return {
        "release": release.number,
        "layer": {"id": layer["id"], "title": layer["title"], "role": layer["role"]},
        "feature_id": str(feature["id"]),
        "name": {"th": values["name_th"], "en": values["name_en"]},
        "geometry": feature["geometry"],
        "location_precision": values["location_precision"],
        "district": names.of(values["district_code"]),
        "subdistrict": names.of(values["subdistrict_code"]),
        "values": [
            {**column, "value": values[column["name"]]}
            for column in layer["columns"]
            if column["name"] in values and column["name"] not in (*NAMES, *STANDARD)
        ],
        "source": {
            key: source.get(key)
            for key in ("id", "agency", "title", "licence", "as_of", "fetched_at", "fetched_on")
        },
    }


def _unplaced(release: Release, area: Mapping[str, Any], names: AreaNames) -> dict[str, Any]:
    """What the area holds itself, and what the subdistricts inside it hold."""
    code = area["code"]
    places = [place for place in release.unplaced["places"] if place["area"].startswith(code)]
    layers: dict[str, list[dict[str, Any]]] = {}
    for place in places:
        layers.setdefault(place["layer"], []).append(
            {
                "feature_id": place["feature_id"],
                "name": {"th": place["name_th"], "en": place["name_en"]},
                "area": names.of(place["area"]),
            }
        )
    return {
        "release": release.number,
        "area": area,
        "total": len(places),
        "layers": [
            {
                "id": layer,
                "title": release.layers[layer]["title"],
                "places": layers[layer],
            }
            for layer in release.layers
            if layer in layers
        ],
    }
