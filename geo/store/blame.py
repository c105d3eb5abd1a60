"""Which layer was worked on when something went wrong that nobody foresaw."""

from __future__ import annotations

from types import TracebackType

import psycopg
from sqlalchemy.exc import OperationalError

from geo.errors import GeoError, LayerUnbuilt, ReleaseUnverified

_NOT_OF_A_LAYER = (GeoError, OperationalError, psycopg.OperationalError)
"""The last one comes from a COPY."""


class Building:
    """While this lasts, a layer of the coming release is built: what fails, fails for it.

    What a service or a setting is to blame for passes as it is. Raises LayerUnbuilt.
    """

    def __init__(self, layer_id: str) -> None:
        self._layer_id = layer_id

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        if isinstance(error, ReleaseUnverified):
            raise LayerUnbuilt(self._layer_id, f"{error.product}: {error.problem}") from error
        if isinstance(error, Exception) and not isinstance(error, _NOT_OF_A_LAYER):
            raise LayerUnbuilt(self._layer_id, f"{type(error).__name__} was met") from error
