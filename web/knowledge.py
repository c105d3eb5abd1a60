"""What is derived from a release and kept while it is current: area names and the search index."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

from starlette.concurrency import run_in_threadpool

from web.areas import AreaNames
from web.releases import Release
from web.search import SearchIndex


@dataclass(frozen=True)
class Knowledge:
    """Built from the release's files alone."""

    names: AreaNames
    index: SearchIndex


class KnowledgeOf:
    """Builds it once per release, away from the event loop; two at most are kept."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._build = lru_cache(maxsize=2)(_build)

    async def __call__(self, release: Release) -> Knowledge:
        """What is known of the release. The first to ask waits while its files are read."""
        return await run_in_threadpool(self._built, release)

    def _built(self, release: Release) -> Knowledge:
        with self._lock:  # two first requests build once
            return self._build(release)


def _build(release: Release) -> Knowledge:
    names = AreaNames(release)
    return Knowledge(names, SearchIndex(release, names))
