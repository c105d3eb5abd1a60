"""What one publication is about: the declarations it follows, its number and its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.models import Agency, Area, Layer, OneMap, Source


@dataclass(frozen=True)
class Publication:
    """Release `number` of a map, published `at` (an aware time)."""

    one_map: OneMap
    area: Area
    layers: Sequence[Layer]
    sources: Sequence[Source]
    agencies: Mapping[str, Agency]
    number: int
    at: datetime

    def sources_of(self, *layers: Layer) -> list[Source]:
        """The sources that feed the layers."""
        fed = {layer.id for layer in layers}
        return [source for source in self.sources if source.layer in fed]
