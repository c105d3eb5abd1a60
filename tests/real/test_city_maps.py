"""Real agency files, from drop to published release, against what is known of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from flows.job import Job, RefreshResult
from flows.opening import open_job
from flows.pipeline import refresh
from geo.settings import Settings
from geo.store.database import connect
from tests.tiles import shallow

pytestmark = pytest.mark.slow


def scalar(job: Job, query: str) -> object:
    with connect(job.engine) as connection:
        return connection.scalar(text(query))


def column(job: Job, query: str) -> list[object]:
    with connect(job.engine) as connection:
        return list(connection.scalars(text(query)))


def test_every_source_of_bangkok_is_accepted(bangkok_map: tuple[Job, RefreshResult]) -> None:
    _, result = bangkok_map
    assert {source.outcome for source in result.sources} == {"accepted"}
    assert result.release is not None and result.release.number == 1


def test_every_row_is_somewhere(bangkok_map: tuple[Job, RefreshResult]) -> None:
    job, result = bangkok_map
    for source in result.sources:
        assert source.rows_in == (
            (source.published or 0) + (source.quarantined or 0) + (source.filtered or 0)
        ), source
    rows = {source.source_id: source.rows_in for source in result.sources}
    assert rows == {
        "bangkok_districts": 50,
        "bangkok_subdistricts": 180,
        "bangkok_health_catchments": 68,
        "bangkok_parks": 522,
        "bangkok_gardens_15min": 42,
        "bangkok_sports_fields": 598,
        "bangkok_health_centres": 69,
        "bangkok_health_facilities": 5282,
        "bangkok_hospitals": 121,
        "bangkok_communities": 2003,
    }
    # by row number, too: what is not published is in one of two registers, and in one alone
    lost = """
        select r.source_id from meta.latest_accepted_run r
        where r.rows_in <> (
            select count(*) from (
                select source_row from meta.quarantined_row q where q.run_id = r.run_id
                union all select source_row from meta.filtered_row f where f.run_id = r.run_id
            ) kept_out
        ) + r.rows_published
    """
    assert column(job, lost) == []


def test_boundaries_are_whole_and_current(bangkok_map: tuple[Job, RefreshResult]) -> None:
    job, _ = bangkok_map
    assert scalar(job, "select count(distinct subdistrict_code) from onemap.subdistricts") == 180
    assert scalar(job, "select count(distinct district_code) from onemap.districts") == 50
    bang_na = "select subdistrict_code from onemap.subdistricts where district_code = '1047'"
    assert sorted(map(str, column(job, bang_na))) == ["104702", "104703"], "104701 is retired"
    longest = "select max(length(name_th)) from onemap.subdistricts"
    assert int(str(scalar(job, longest))) > 11, "the file's names are cut at 11 characters"


def test_health_centres_lie_in_the_district_of_their_code(
    bangkok_map: tuple[Job, RefreshResult],
) -> None:
    job, _ = bangkok_map
    inside = """
        select count(*) from onemap.primary_care p join onemap.districts d using (district_code)
        where p.source_id = 'bangkok_health_centres' and st_intersects(d.geom, p.geom)
    """
    assert scalar(job, inside) == 69


def test_catchments_have_readable_thai_names(bangkok_map: tuple[Job, RefreshResult]) -> None:
    job, _ = bangkok_map
    names = column(job, "select name_th from onemap.health_catchments")
    assert len(names) == 68
    assert all(str(name).startswith("พื้นที่รับผิดชอบศูนย์") for name in names)
    assert scalar(job, "select min(centre_code) from onemap.health_catchments") == "01"


def test_hospitals_come_from_their_register_alone(bangkok_map: tuple[Job, RefreshResult]) -> None:
    job, _ = bangkok_map
    assert scalar(job, "select count(*) from onemap.hospitals") == 121
    types = column(job, "select distinct care_type from onemap.primary_care order by 1")
    assert types == ["clinic", "community_health_centre", "health_centre", "pharmacy"]


def test_places_without_coordinates_are_at_their_area(
    bangkok_map: tuple[Job, RefreshResult],
) -> None:
    job, _ = bangkok_map
    held = """
        select location_precision || ' ' || count(*) || ' ' || count(geom)
        from onemap.{} group by location_precision
    """
    assert column(job, held.format("parks")) == ["district 522 0"]
    assert column(job, held.format("housing_communities")) == ["subdistrict 2003 0"]
    khwaeng = """
        select count(*) from onemap.housing_communities c
        left join onemap.subdistricts s using (subdistrict_code) where s.subdistrict_code is null
    """
    assert scalar(job, khwaeng) == 0


def test_rows_whose_district_disagrees_with_their_point_are_said(
    bangkok_map: tuple[Job, RefreshResult],
) -> None:
    job, _ = bangkok_map
    disagree = """
        select count(*) from onemap.quality_issue
        where source_id = 'bangkok_health_facilities' and code = '{}'
    """
    assert scalar(job, disagree.format("district_disagrees")) == 21
    assert scalar(job, disagree.format("row_duplicate")) == 24


def test_the_same_files_again_change_nothing(bangkok_map: tuple[Job, RefreshResult]) -> None:
    job, _ = bangkok_map
    again = refresh(job)
    assert {source.outcome for source in again.sources} == {"unchanged"}
    assert again.release is None


@pytest.mark.parametrize(
    ("map_id", "districts", "subdistricts"), [("songkhla", 16, 127), ("nakhon_phanom", 12, 99)]
)
def test_other_provinces_go_the_same_way(
    cluster: Settings, shared: Path, map_id: str, districts: int, subdistricts: int
) -> None:
    job = open_job(cluster, map_id, shared / "data")
    result = refresh(replace(job, view=shallow(job.view)))
    assert [source.outcome for source in result.sources] == ["accepted", "accepted"]
    assert scalar(job, "select count(*) from onemap.districts") == districts
    assert scalar(job, "select count(*) from onemap.subdistricts") == subdistricts
    job.engine.dispose()
