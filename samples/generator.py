"""Writes all drops of the sample, source by source, each with random numbers of its own."""

from __future__ import annotations

import functools
import zlib
from pathlib import Path

import numpy as np

from samples import city, kept, truth
from samples.drops import (
    boundaries,
    care,
    catchments,
    communities,
    gardens,
    hospitals,
    parks,
    spaces,
)
from samples.places import Spots, Surroundings

HOSPITALS = 121
MOST_GARDENS = 20_000  # a spreadsheet that a person could still open
SHARES = {
    "sample_parks": 0.14,
    "sample_parks_register": 0.05,
    "sample_gardens_15min": 0.06,
    "sample_sports_fields": 0.15,
    "sample_open_grounds": 0.12,
    "sample_under_expressway": 0.05,
    "sample_health_facilities": 0.25,
    "sample_communities": 0.18,
}


def write_drops(folder: Path, places: int, seed: int) -> truth.Truth:
    """See `samples.generate`."""
    places = max(places, kept.FEWEST_PLACES)
    grown = grown_city(seed)
    around = Surroundings(grown)

    def random(source: str) -> np.random.Generator:
        return _random(seed, source)

    counts = _counts(places)

    def spots(source: str) -> Spots:
        return around.draw(counts[source], _random(seed, source + "/spots"))

    centres = _centres(around, grown, seed)
    names = care.centre_names(care.CENTRES, random("centre names"))
    wards = around.draw(HOSPITALS, random("hospitals/spots"), crowding=0.8)
    parts = [
        boundaries.write_districts(folder, grown, random("districts")),
        boundaries.write_subdistricts(folder, grown, random("subdistricts")),
        catchments.write_catchments(folder, grown, centres, names, random("catchments")),
        care.write_centres(folder, centres, names, random("centres")),
        hospitals.write_hospitals(folder, wards, random("hospitals")),
    ]
    for source, write in {
        "sample_parks": parks.write_parks,
        "sample_parks_register": parks.write_register,
        "sample_gardens_15min": gardens.write_gardens,
        "sample_sports_fields": spaces.write_fields,
        "sample_open_grounds": spaces.write_grounds,
        "sample_under_expressway": spaces.write_under_expressway,
        "sample_health_facilities": care.write_facilities,
        "sample_communities": communities.write_communities,
    }.items():
        parts.append(write(folder, spots(source), random(source)))
    whole = truth.Truth.gather(kept.version(), seed, places, parts)
    whole.write(folder)
    return whole


@functools.cache
def grown_city(seed: int) -> city.City:
    """The city of all drops with this seed; to grow it takes longer than all else."""
    return city.grow(_random(seed, "city"))


def _counts(places: int) -> dict[str, int]:
    """Places by source; gardens beyond what a spreadsheet holds become clinics."""
    left = places - HOSPITALS - care.CENTRES
    counts = {source: round(left * share) for source, share in SHARES.items()}
    counts["sample_gardens_15min"] = min(counts["sample_gardens_15min"], MOST_GARDENS)
    counts["sample_health_facilities"] += left - sum(counts.values())
    return counts


def _centres(around: Surroundings, grown: city.City, seed: int) -> Spots:
    """Health centres: one in most districts, each in a subdistrict of its own."""
    random = _random(seed, "centres/spots")
    area = np.sort(random.choice(len(grown.subdistricts), care.CENTRES, replace=False))
    return around.within(area, random)


def _random(seed: int, purpose: str) -> np.random.Generator:
    """Numbers of its own for each purpose: a change of one source leaves the others alone."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])
