"""The same 121 hospitals in four formats are the same 121 features."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo.issues import IssueCatalogue
from geo.read import read
from geo.states import Normalised, RawTable
from schemas.catalogue import load_catalogue
from schemas.models import Source
from tests.unit.heart import normalised_whole

pytestmark = pytest.mark.usefixtures("quick_reader")

CATALOG = load_catalogue()
OTHERS = load_catalogue(Path(__file__).parent / "declarations").sources
SOURCES = {"csv": CATALOG.sources["bangkok_hospitals"]} | {
    source.format: source for source in OTHERS.values()
}


def normalised(source: Source, shared: Path) -> Normalised:
    path = shared / "data" / source.location
    raw = read({path.name: path}, source.format)
    assert isinstance(raw, RawTable)
    view = CATALOG.map_view("bangkok")
    found = normalised_whole(
        raw, source, view.layer("hospitals"), view.area, IssueCatalogue(CATALOG.issue_codes)
    )
    assert isinstance(found, Normalised)
    return found


@pytest.mark.parametrize("format_", ["xlsx", "kml", "shapefile"])
def test_each_format_gives_what_the_csv_gives(shared: Path, format_: str) -> None:
    expected, found = (
        normalised(SOURCES["csv"], shared).table,
        normalised(SOURCES[format_], shared).table,
    )
    assert expected.num_rows == 121
    columns = [name for name in expected.column_names if name not in ("feature_id", "source_row")]
    by_key = [("source_key", "ascending")]
    assert found.select(columns).sort_by(by_key) == expected.select(columns).sort_by(by_key)
