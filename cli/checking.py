"""`onemap position`: where a coordinate is, and how we know."""

from __future__ import annotations

import json

from cli.output import console
from geo.errors import ConfigurationError
from geo.space.operations import position


def print_position(x: float, y: float, crs: str, *, as_json: bool) -> None:
    """Prints longitude and latitude (EPSG:4326), the operation and its accuracy."""
    found = position(x, y, crs)
    if not (abs(found.lon) <= 180 and abs(found.lat) <= 90):  # NaN is not, either
        raise ConfigurationError(f"{x}, {y} is no position in {crs}; check the order of the two")
    operation = found.operation
    if as_json:
        answer = {
            "lon": found.lon,
            "lat": found.lat,
            "operation": operation.name,
            "accuracy_m": found.accuracy_m,
            "source_crs": operation.source,
            "pipeline": operation.pipeline,
            "why": operation.why,
        }
        print(json.dumps(answer, ensure_ascii=False))
        return
    console.print(
        f"lon {found.lon:.9f}  lat {found.lat:.9f}  (WGS 84)", highlight=False, soft_wrap=True
    )
    console.print(f"operation: {operation.name}", highlight=False, soft_wrap=True)
    console.print(f"accuracy: {found.accuracy_m:g} m", highlight=False, soft_wrap=True)
    console.print(f"why: {operation.why}", highlight=False, soft_wrap=True)
