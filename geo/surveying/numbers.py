"""Quantiles of numbers that merge exactly: a count for each step of one per cent.

After DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with
relative-error guarantees", VLDB 2019): numbers of one step differ by less than two hundredths of
themselves, and counts of steps add up in whatever order.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

RELATIVE_ERROR = 0.01
_STEP = math.log((1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR))
QUANTILES = (0.01, 0.25, 0.5, 0.75, 0.99)
_LEAST = 1e-12
"""What is smaller is counted with zero; no agency's unit is as fine."""


@dataclass(frozen=True)
class Numbers:
    """Finite numbers of a column: how many stand in each step, below and above zero.

    `others` counts those that are not finite.
    """

    count: int = 0
    others: int = 0
    zeros: int = 0
    least: float = math.inf
    most: float = -math.inf
    below: Mapping[int, int] = field(default_factory=dict)
    above: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, column: pa.Array) -> Self:
        """The numbers of a batch; nulls are none."""
        given = column.drop_null().cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        finite = given[np.isfinite(given)]
        is_zero = np.abs(finite) < _LEAST
        return cls(
            count=len(finite),
            others=len(given) - len(finite),
            zeros=int(is_zero.sum()),
            least=float(finite.min(initial=math.inf)),
            most=float(finite.max(initial=-math.inf)),
            below=_steps(-finite[(finite < 0) & ~is_zero]),
            above=_steps(finite[(finite > 0) & ~is_zero]),
        )

    def merge(self, other: Numbers) -> Numbers:
        """The numbers of both."""
        return Numbers(
            count=self.count + other.count,
            others=self.others + other.others,
            zeros=self.zeros + other.zeros,
            least=min(self.least, other.least),
            most=max(self.most, other.most),
            below=_added(self.below, other.below),
            above=_added(self.above, other.above),
        )

    def quantile(self, share: float) -> float:
        """The number below which this share of them lies, within RELATIVE_ERROR; of none, NaN."""
        if not self.count:
            return math.nan
        steps = [(-_middle(step), self.below[step]) for step in sorted(self.below, reverse=True)]
        steps += [(0.0, self.zeros)]
        steps += [(_middle(step), self.above[step]) for step in sorted(self.above)]
        counts = np.cumsum([count for _, count in steps])
        at = int(np.searchsorted(counts, share * (self.count - 1), side="right"))
        return min(max(steps[at][0], self.least), self.most)

    def told(self) -> dict[str, Any]:
        """As the run's lineage keeps it; to four figures, for a sketch knows no more."""
        said: dict[str, Any] = {}
        if self.count:
            said = {"least": self.least, "most": self.most}
            said |= {f"{share:.0%}": float(f"{self.quantile(share):.4g}") for share in QUANTILES}
        return said | ({"not finite": self.others} if self.others else {})


def _steps(numbers: NDArray[np.float64]) -> Mapping[int, int]:
    steps, counts = np.unique(np.ceil(np.log(numbers) / _STEP).astype(np.int64), return_counts=True)
    return dict(zip(steps.tolist(), counts.tolist(), strict=True))


def _middle(step: int) -> float:
    """The number that is within RELATIVE_ERROR of all of its step."""
    return math.exp(step * _STEP) * (1 - RELATIVE_ERROR)


def _added(some: Mapping[int, int], others: Mapping[int, int]) -> Mapping[int, int]:
    added = Counter(some)
    added.update(others)
    return dict(added)
