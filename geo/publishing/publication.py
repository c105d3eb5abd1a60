"""What one publication is about: the declarations it follows, its number and its database."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from schemas.catalogue import MapView
from schemas.models import Layer, Source


@dataclass(frozen=True)
class Publication:
    """Release `number` of a map."""

    view: MapView
    number: int
    database_id: str

    @property
    def declarations_sha256(self) -> str:
        """Fingerprint of what is declared and shown; schedules are not, nor how long is kept."""
        schedules = {"schedule", "promise_days"}
        texts = [
            self.view.map.model_dump_json(exclude={"retention"}),
            self.view.area.model_dump_json(),
        ]
        texts += [layer.model_dump_json() for layer in self.view.layers]
        texts += [source.model_dump_json(exclude=schedules) for source in self.view.sources]
        texts += [self.view.agencies[name].model_dump_json() for name in sorted(self.view.agencies)]
        return hashlib.sha256("\n".join(texts).encode()).hexdigest()

    def sources_of(self, *layers: Layer) -> list[Source]:
        """The sources that feed the layers."""
        fed = {layer.id for layer in layers}
        return [source for source in self.view.sources if source.layer in fed]
