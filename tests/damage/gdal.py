"""A worker for the formats that GDAL reads: with the environment that its drivers need."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from geo.reader import drivers
from tests.damage.damage import Worker


class GdalWorker(Worker):
    """Reads deliveries of one format, with its one driver, as a reading child does."""

    def __init__(self, format: str) -> None:
        self._format = format
        super().__init__()

    def _new(self) -> ProcessPoolExecutor:  # type: ignore[override]
        return ProcessPoolExecutor(
            1,
            mp_context=get_context("spawn"),
            initializer=_before_gdal_is_loaded,
            initargs=(self._format,),
        )


def _before_gdal_is_loaded(format: str) -> None:
    os.environ.update(drivers.environment(format, os.devnull))
