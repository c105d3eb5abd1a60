"""A smooth random map of the plane to itself, which makes straight edges look grown.

It is a sum of waves at halving lengths, gentle enough to be one-to-one: what it does to a shared
edge it does to both neighbours, so no gap and no overlap can come of it. Metres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LONGEST, OCTAVES, WAVES = 14000.0, 7, 5
STEEPNESS = 0.1  # slope that one wave may add; the sum stays well below 1, where folds begin


@dataclass(frozen=True)
class Warp:
    """Waves (n): their direction and length as a vector (n, 2), phase (n), and push (n, 2)."""

    waves: Floats
    phases: Floats
    pushes: Floats

    @classmethod
    def seeded(cls, random: np.random.Generator) -> Warp:
        """Waves of random directions and phases, each octave half as long as the one before."""
        lengths = np.repeat(LONGEST / 2.0 ** np.arange(OCTAVES), WAVES)
        turns = random.uniform(0, 2 * np.pi, len(lengths))
        towards = random.uniform(0, 2 * np.pi, len(lengths))
        waves = np.column_stack([np.cos(turns), np.sin(turns)]) * (2 * np.pi / lengths)[:, None]
        height = STEEPNESS * lengths / (2 * np.pi)
        pushes = np.column_stack([np.cos(towards), np.sin(towards)]) * height[:, None]
        return cls(waves, random.uniform(0, 2 * np.pi, len(lengths)), pushes)

    def __call__(self, points: Floats) -> Floats:
        """Move points, (n, 2) in and out."""
        return points + np.sin(points @ self.waves.T + self.phases) @ self.pushes
