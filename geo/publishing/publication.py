"""What one publication is about: the declarations it follows, its number and its time."""

from __future__ import annotations

import hashlib
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
    database_id: str

    @property
    def declarations_sha256(self) -> str:
        """Fingerprint of what is declared and shown; schedules are not."""
        schedules = {"schedule", "promise_days"}
        texts = [self.one_map.model_dump_json(), self.area.model_dump_json()]
        texts += [layer.model_dump_json() for layer in self.layers]
        texts += [source.model_dump_json(exclude=schedules) for source in self.sources]
        texts += [self.agencies[name].model_dump_json() for name in sorted(self.agencies)]
        return hashlib.sha256("\n".join(texts).encode()).hexdigest()

    def sources_of(self, *layers: Layer) -> list[Source]:
        """The sources that feed the layers."""
        fed = {layer.id for layer in layers}
        return [source for source in self.sources if source.layer in fed]
