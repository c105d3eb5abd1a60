"""What may be asked of the OGC API: an allow-list in front of tipg.

tipg passes every function of a `filter` to SQL, ignores parameters it does not know, and answers
a malformed value with the database's own words. So a request is read here first, and what reaches
tipg is written anew from the parts that were understood.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from ciso8601 import parse_rfc3339
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.caching import REVALIDATE, is_known, unchanged
from web.calls import ListedCalls
from web.current import Current
from web.errors import WebError, bad_parameter, error_response, not_found
from web.ogc import ANSWERED, Answered
from web.ogc_collections import CollectionsOf
from web.releases import Release

MAX_LIMIT: Final = 1_000
MAX_OFFSET: Final = 10_000_000
MAX_PARAMETERS: Final = 40
MAX_VALUE: Final = 1_000
DEGREES: Final = re.compile(r" *[+-]?[0-9]{1,9}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,2})? *", re.ASCII)
FEATURE_ID: Final = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE
)
ITEMS: Final = re.compile(r"^/collections/(?P<collection>[^/]+)/items/?$")
ITEM: Final = re.compile(r"^/collections/[^/]+/items/(?P<item>[^/]+)$")
ITEM_FORMATS: Final = {
    "json": "geojson",
    "geojson": "geojson",
    "geojsonseq": "geojsonseq",
}


class OgcGuard:
    """ASGI application around tipg's: checks, ETag by release, one release for each answer."""

    def __init__(
        self, app: ASGIApp, current: Current, collections: CollectionsOf, asked: ListedCalls
    ) -> None:
        self._app = app
        self._current = current
        self._collections = collections
        self._asked = asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or lets tipg answer what is left of it. Errors become answers."""
        if scope["type"] != "http":
            return
        async with AsyncExitStack() as opened:

            async def of(release: Release) -> ASGIApp:
                return await self._of(release, scope, opened)

            try:
                answer = await self._current.answer(of)
            except WebError as error:
                answer = error_response(error.status, error.code, error.description)
            await answer(scope, receive, send)

    async def _of(self, release: Release, scope: Scope, opened: AsyncExitStack) -> ASGIApp:
        """What answers this request: tipg, or a response of our own."""
        request, path = Request(scope), _path(scope)
        collections = await self._collections(release)
        query = checked_query(path, request.url.query, collections)
        etag = f'W/"{release.tag}"'
        if is_known(request, etag):
            return unchanged(etag, REVALIDATE)
        if table := _table_asked(path, query, collections):
            return RedirectResponse(table)
        rows = None
        if ITEMS.match(path) or ITEM.match(path):
            rows = await opened.enter_async_context(self._asked.acquire(release.number))
        return self._tipg(query, etag, Answered(collections, rows, opened))

    def _tipg(self, query: str, etag: str, answered: Answered) -> ASGIApp:
        async def tipg(scope: Scope, receive: Receive, send: Send) -> None:
            ANSWERED.set(answered)
            tagged = _tagging(send, etag)
            if scope["method"] == "HEAD":
                tagged = _without_body(tagged)
            await self._app(_rewritten(scope, query), receive, tagged)

        return tipg


def checked_query(path: str, query: str, collections: Mapping[str, Any]) -> str:
    """The query string that tipg may see. Raises WebError (400, 404) for anything else."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise bad_parameter(f"there are more than {MAX_PARAMETERS} parameters") from None
    if any(len(value) > MAX_VALUE for _, value in pairs):
        raise bad_parameter(f"a value is longer than {MAX_VALUE} characters")
    if len({name for name, _ in pairs}) < len(pairs):
        raise bad_parameter("a parameter is given twice")
    asked = dict(pairs)
    if "filter" in asked or "filter-lang" in asked:
        raise bad_parameter(
            "`filter` is not offered in this version; use bbox, datetime or a property=value"
        )
    if items := ITEMS.match(path):
        collection = collections.get(items["collection"])
        properties = {column.name for column in collection.properties} if collection else set()
        return urlencode(_items_query(asked, properties - {"geom"}))
    if item := ITEM.match(path):
        _require_uuid(item["item"])
    elif path.rstrip("/") == "/collections":
        _allow(asked, {"f", "limit", "offset", "bbox", "datetime"})
        _require_json(asked, {"json"})
        return urlencode(_paging(asked) | _where_and_when(asked))
    _allow(asked, {"f"})
    _require_json(asked, {"json", "geojson", "schemajson"})
    return ""


def _table_asked(path: str, query: str, collections: Collection[str]) -> str | None:
    """Tables come from the release, with a byte order mark and without cells that are formulas."""
    items = ITEMS.match(path)
    if items is None or query != "f=csv" or items["collection"] not in collections:
        return None
    return f"/releases/current/data/{items['collection']}.csv"


def _items_query(asked: Mapping[str, str], properties: Collection[str]) -> dict[str, str]:
    known = {"f", "limit", "offset", "bbox", "datetime", "properties", "sortby"}
    _allow(asked, known | set(properties))
    if asked == {"f": "csv"}:
        return {"f": "csv"}
    form = asked.get("f", "geojson")
    if form not in ITEM_FORMATS:
        raise bad_parameter("`f` must be geojson, json, geojsonseq, or csv alone (a whole layer)")
    query = {"f": ITEM_FORMATS[form]} | _paging(asked) | _where_and_when(asked)
    for name in ("properties", "sortby"):
        if name in asked:
            columns = [part.strip().lstrip("+-") for part in asked[name].split(",")]
            if unknown := [column for column in columns if column not in properties]:
                raise bad_parameter(f"`{name}` names a property that is not there: {unknown[0]}")
            query[name] = asked[name]
    return query | {name: value for name, value in asked.items() if name in properties}


def _paging(asked: Mapping[str, str]) -> dict[str, str]:
    query = {}
    if "limit" in asked:
        query["limit"] = str(min(_whole(asked, "limit", 1), MAX_LIMIT))
    if "offset" in asked:
        query["offset"] = str(_whole(asked, "offset", 0))
    return query


def _whole(asked: Mapping[str, str], name: str, least: int) -> int:
    text = asked[name]
    if not re.fullmatch(r"[0-9]{1,8}", text) or not least <= int(text) <= MAX_OFFSET:
        raise bad_parameter(f"`{name}` must be a whole number from {least}")
    return int(text)


def _where_and_when(asked: Mapping[str, str]) -> dict[str, str]:
    query = {}
    if "bbox" in asked:
        query["bbox"] = _checked_bbox(asked["bbox"])
    if "datetime" in asked:
        query["datetime"] = _checked_datetime(asked["datetime"])
    return query


def _checked_bbox(text: str) -> str:
    parts = text.split(",")
    numbers = [float(part) for part in parts] if all(map(DEGREES.fullmatch, parts)) else []
    if len(numbers) == 6:
        numbers = [numbers[index] for index in (0, 1, 3, 4)]
    if len(numbers) != 4 or max(map(abs, numbers[::2])) > 180 or max(map(abs, numbers[1::2])) > 90:
        raise bad_parameter("`bbox` must be west,south,east,north in degrees")
    if numbers[0] > numbers[2] or numbers[1] > numbers[3]:
        raise bad_parameter("`bbox` must be west,south,east,north, with west and south the smaller")
    return ",".join(map(repr, numbers))


def _checked_datetime(text: str) -> str:
    ends = text.split("/")
    try:
        for end in ends:
            if end not in ("", ".."):
                parse_rfc3339(end)
    except ValueError:
        ends = []
    if not 1 <= len(ends) <= 2 or all(end in ("", "..") for end in ends):
        raise bad_parameter("`datetime` must be an RFC 3339 time, or two with a / between them")
    return text


def _allow(asked: Mapping[str, str], known: Collection[str]) -> None:
    if unknown := sorted(set(asked) - set(known)):
        raise bad_parameter(
            f"unknown parameter `{unknown[0][:40]}`; known here: {', '.join(sorted(known))}"
        )


def _require_json(asked: Mapping[str, str], forms: Collection[str]) -> None:
    if asked.get("f", "json") not in forms:
        raise bad_parameter("`f` must be json")


def _require_uuid(text: str) -> None:
    if not FEATURE_ID.fullmatch(text):
        raise not_found("there is no such feature in the current release")


def _path(scope: Scope) -> str:
    """Path below the mount; Starlette keeps the whole path in the scope, and the mount apart."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) or "/"


def _rewritten(scope: Scope, query: str) -> Scope:
    """The scope that tipg sees: our query, no HTML asked for, links that begin at the mount, and
    GET for HEAD, which it does not know."""
    headers = [pair for pair in scope["headers"] if pair[0] != b"accept"]
    outer = ("router", "app_root_path")
    return {
        **{key: value for key, value in scope.items() if key not in outer},
        "method": scope["method"].replace("HEAD", "GET"),
        "query_string": query.encode(),
        "headers": headers,
    }


def _tagging(send: Send, etag: str) -> Send:
    async def tagged(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            headers = [pair for pair in message["headers"] if pair[0].lower() != b"cache-control"]
            headers += [
                (b"etag", etag.encode()),
                (b"cache-control", REVALIDATE.encode()),
            ]
            message = {**message, "headers": headers}
        await send(message)

    return tagged


def _without_body(send: Send) -> Send:
    async def headers_only(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return headers_only
