"""The embedded sample, from drop to published release, held against what its generator planted.

The truth is `samples.truth`: the generator shares no code with the pipeline.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from sqlalchemy import text

from flows.job import Job, RefreshResult
from flows.pipeline import refresh
from geo.store.database import connect
from samples.truth import Truth

pytestmark = pytest.mark.slow

TOLERANCE_M = 0.05
ROW = ["source_id", "source_row"]
BOUNDARIES = ("sample_districts", "sample_subdistricts", "sample_health_catchments")


@pytest.fixture(scope="module")
def truth(sample_map: tuple[Job, RefreshResult]) -> Truth:
    job, _ = sample_map
    assert job.drops is not None
    return Truth.read(job.drops)


def frame(job: Job, query: str) -> pd.DataFrame:
    with connect(job.engine) as connection:
        found = connection.execute(text(query))
        return pd.DataFrame(found.all(), columns=list(found.keys()))


@pytest.fixture(scope="module")
def published(sample_map: tuple[Job, RefreshResult]) -> pd.DataFrame:
    """Every feature of the current release, with what all layers have."""
    job, _ = sample_map
    layers = (
        "select source_id, source_row, source_key, location_precision, district_code,"
        " subdistrict_code, st_asbinary(geom) as shape from core.{} where release_to is null"
    )
    query = " union all ".join(layers.format(layer.id) for layer in job.view.layers)
    return frame(job, query)


@pytest.fixture(scope="module")
def issues(sample_map: tuple[Job, RefreshResult]) -> pd.DataFrame:
    job, _ = sample_map
    return frame(
        job,
        """select r.source_id, i.source_row, i.code, i.severity
           from meta.issue i join meta.latest_accepted_run r using (run_id)""",
    )


def expected(truth: Truth) -> pd.DataFrame:
    return truth.rows.to_pandas()


def as_set(rows: pd.DataFrame, *columns: str) -> set[tuple[object, ...]]:
    return set(rows[list(columns)].itertuples(index=False, name=None))


def test_every_source_is_accepted(sample_map: tuple[Job, RefreshResult], truth: Truth) -> None:
    _, result = sample_map
    assert {source.outcome for source in result.sources} == {"accepted"}
    assert {source.source_id for source in result.sources} == set(truth.messes)
    assert result.release is not None and result.release.number == 1


def test_every_row_ends_where_it_has_to(
    sample_map: tuple[Job, RefreshResult], truth: Truth, published: pd.DataFrame
) -> None:
    job, _ = sample_map
    fates = published.rename(columns={"location_precision": "fate"})[[*ROW, "fate"]]
    for fate, table in (("quarantined", "quarantined_row"), ("filtered", "filtered_row")):
        rows = frame(
            job,
            f"""select r.source_id, q.source_row from meta.{table} q
                join meta.latest_accepted_run r using (run_id)""",
        )
        fates = pd.concat([fates, rows.assign(fate=fate)])
    found, wanted = as_set(fates, *ROW, "fate"), as_set(expected(truth), *ROW, "fate")
    assert len(fates) == len(found) == len(wanted)
    assert found - wanted == set() and wanted - found == set()


def test_rows_keep_their_keys(truth: Truth, published: pd.DataFrame) -> None:
    found = published.merge(expected(truth), on=ROW, suffixes=("", "_true"))
    assert len(found) == len(published)
    assert (found["source_key"] == found["source_key_true"]).all()


def test_positions_are_right_to_five_centimetres(truth: Truth, published: pd.DataFrame) -> None:
    wanted = expected(truth).dropna(subset=["lon"])
    found = wanted.merge(published, on=ROW, suffixes=("_true", ""))
    assert len(found) == len(wanted) > 2000
    spots = shapely.from_wkb(found["shape"].to_numpy())
    _, _, metres = pyproj.Geod(ellps="WGS84").inv(
        found["lon"], found["lat"], shapely.get_x(spots), shapely.get_y(spots)
    )
    worst = found.assign(metres=metres).groupby("source_id")["metres"].max()
    assert {"sample_parks", "sample_open_grounds", "sample_hospitals"} <= set(worst.index)
    assert worst.max() < TOLERANCE_M, worst


def test_held_places_have_no_position(published: pd.DataFrame) -> None:
    held = published["location_precision"] != "exact"
    assert published["shape"].isna().equals(held)


def test_places_lie_in_the_right_district(truth: Truth, published: pd.DataFrame) -> None:
    wanted = expected(truth)
    wanted = wanted[wanted["district_code"].notna()]
    found = wanted.merge(published, on=ROW, suffixes=("_true", ""))
    assert len(found) == len(wanted)
    within = found[found["source_id"] != "sample_districts"]  # a district has many subdistricts
    for level, told in (("district_code", found), ("subdistrict_code", within)):
        wrong = told[told[level].fillna("") != told[f"{level}_true"].fillna("")]
        assert wrong.empty, wrong


def test_every_planted_fault_is_found(truth: Truth, issues: pd.DataFrame) -> None:
    planted = as_set(truth.issues.to_pandas(), *ROW, "code")
    assert planted - as_set(issues, *ROW, "code") == set()


def test_nothing_else_is_an_error_or_a_warning(truth: Truth, issues: pd.DataFrame) -> None:
    planted = as_set(truth.issues.to_pandas(), *ROW, "code")
    told = issues[issues["severity"] != "note"]
    assert as_set(told, *ROW, "code") - planted == set()


def test_rows_are_quarantined_for_what_was_planted(
    sample_map: tuple[Job, RefreshResult], truth: Truth
) -> None:
    job, _ = sample_map
    rows = frame(
        job,
        """select r.source_id, q.source_row, array_to_string(q.codes, ' ') as code
           from meta.quarantined_row q join meta.latest_accepted_run r using (run_id)""",
    )
    wanted = expected(truth)
    wanted = wanted[wanted["fate"] == "quarantined"]
    assert as_set(rows, *ROW, "code") == as_set(wanted, *ROW, "code")


def test_values_are_as_they_should_be(sample_map: tuple[Job, RefreshResult], truth: Truth) -> None:
    job, _ = sample_map
    layer_of = {source.id: source.layer for source in job.view.sources}
    said = truth.values.to_pandas()
    wanted = said.assign(layer=said["source_id"].map(layer_of))
    compared = 0
    for (layer, column), values in wanted.groupby(["layer", "column"]):
        rows = frame(
            job,
            f"""select source_id, source_row, {column}::text as found
                from core.{layer} where release_to is null""",
        )
        both = values.merge(rows, on=ROW)
        assert len(both) == len(values), (layer, column)
        same = [is_same(a, b) for a, b in zip(both["value"], both["found"], strict=True)]
        assert all(same), both[~np.array(same)]
        compared += len(both)
    assert compared == len(wanted) > 500


def is_same(true: str | None, found: str | None) -> bool:
    """As text, or as numbers where both are."""
    if pd.isna(true) or pd.isna(found):
        return bool(pd.isna(true) and pd.isna(found))
    if true == found:
        return True
    try:
        return bool(np.isclose(float(str(true)), float(str(found)), rtol=1e-9, atol=0))
    except ValueError:
        return False


def test_boundaries_are_a_whole_city(published: pd.DataFrame) -> None:
    """Fifty districts without gap or overlap, their subdistricts within them, all of it valid."""
    shapes = {
        source: shapely.from_wkb(published[published["source_id"] == source]["shape"].to_numpy())
        for source in BOUNDARIES
    }
    assert [len(found) for found in shapes.values()] == [50, 180, 68]
    for found in shapes.values():
        assert shapely.is_valid(found).all()
    cities = [shapely.union_all(found) for found in shapes.values()]
    areas = [shapely.area(found).sum() for found in shapes.values()]
    for city, area in zip(cities, areas, strict=True):
        assert area == pytest.approx(cities[0].area, rel=1e-4)
        assert city.area == pytest.approx(cities[0].area, rel=1e-4)


def test_nothing_personal_or_internal_is_published(sample_map: tuple[Job, RefreshResult]) -> None:
    job, result = sample_map
    assert result.release is not None
    folder = job.settings.releases / "sample" / str(result.release.number)
    texts = [*folder.glob("data/*.geojson"), *folder.glob("data/*.csv"), *folder.glob("*.json")]
    assert len(texts) > 9
    for file in texts:
        content = file.read_text("utf-8-sig")
        assert "แบบอย่าง" not in content and "รอสำรวจซ้ำ" not in content, file.name


def test_the_same_drops_again_change_nothing(
    sample_map: tuple[Job, RefreshResult], published: pd.DataFrame
) -> None:
    job, first = sample_map
    assert first.release is not None and len(published)
    again = refresh(job)
    assert {source.outcome for source in again.sources} == {"unchanged"}
    assert again.release is None
    with connect(job.engine) as connection:
        assert connection.scalar(text("select release from meta.pointer")) == 1
