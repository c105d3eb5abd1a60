"""A layer as tipg's collection, which knows how many features it has.

tipg reads the environment when it is imported: import this when an application is made.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field
from tipg.collections import PgCollection


class LayerCollection(PgCollection):
    """A layer of one release. `features` is what the release's manifest says it has."""

    features_in_all: int = Field(exclude=True)

    async def _features_count_query(
        self, conn: Any, *, where: Any = None, function_parameters: Any
    ) -> int:
        """Of all features the manifest has the number; only a selection is counted.

        To count a layer takes as long as to read it, on each page anew.
        """
        if where is None:
            return self.features_in_all
        counted: int = await super()._features_count_query(
            conn, where=where, function_parameters=function_parameters
        )
        return counted
