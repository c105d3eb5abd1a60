"""Loads prepare the coming release; history holds every version by release."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from geo.errors import LeaseHeld, LeaseLost
from geo.load import load, take_back
from geo.states import Deciding, Snapshot, Verdict
from geo.store import lease, runs
from geo.store.database import connect, transaction
from schemas.models import Bilingual
from tests.db.conftest import Row, TestMap, delivery, square, with_subdistricts


def publish(test_map: TestMap, release: int) -> None:
    """Moves the pointer, as publication does at its end."""
    with transaction(test_map.engine) as connection:
        connection.execute(text("call meta.publish(:n, clock_timestamp(), '{}')"), {"n": release})


def rows(test_map: TestMap, query: str) -> list[tuple[object, ...]]:
    with connect(test_map.engine) as connection:
        return [tuple(row) for row in connection.execute(text(query))]


VERSIONS = "select source_key, release_from, release_to from core.parks order by 1, 2"


def test_nobody_sees_a_load_before_the_pointer_moves(city: TestMap) -> None:
    city.load("parks", [Row("1", 100.49, 13.75)])
    assert rows(city, "select count(*) from onemap.parks") == [(0,)]
    publish(city, 1)
    assert rows(city, "select count(*) from onemap.parks") == [(1,)]
    assert rows(city, "select count(*) from onemap.place") == [(1,)]


def test_loading_the_same_content_twice_is_loading_it_once(city: TestMap) -> None:
    first = city.load("parks", [Row("1", 100.49, 13.75), Row("2", 100.51, 13.75)])
    again = city.load("parks", [Row("1", 100.49, 13.75), Row("2", 100.51, 13.75)])
    assert (first.added, first.changed, first.removed) == (2, 0, 0)
    assert (again.added, again.changed, again.removed) == (2, 0, 0)
    assert rows(city, VERSIONS) == [("1", 1, None), ("2", 1, None)]
    publish(city, 1)
    after = city.load("parks", [Row("1", 100.49, 13.75), Row("2", 100.51, 13.75)])
    assert (after.added, after.changed, after.removed) == (0, 0, 0)
    assert rows(city, "select meta.pending_changes(2)") == [(0,)]


def test_changes_close_a_version_and_open_another(city: TestMap) -> None:
    city.load("parks", [Row("1", 100.49, 13.75), Row("2", 100.51, 13.75)])
    publish(city, 1)
    loaded = city.load("parks", [Row("1", 100.49, 13.75, name="ชื่อใหม่"), Row("3", 100.5, 13.75)])
    assert (loaded.added, loaded.changed, loaded.removed) == (1, 1, 1)
    assert rows(city, VERSIONS) == [("1", 1, 2), ("1", 2, None), ("2", 1, 2), ("3", 2, None)]
    assert rows(city, "select name_th from onemap.parks order by 1") == [("สวนทดสอบ",)] * 2
    publish(city, 2)
    assert rows(city, "select name_th from onemap.parks order by 1") == [("ชื่อใหม่",), ("สวนทดสอบ",)]


def test_a_load_that_is_not_published_yet_is_replaced_by_the_next(city: TestMap) -> None:
    city.load("parks", [Row("1", 100.49, 13.75)])
    publish(city, 1)
    city.load("parks", [Row("2", 100.49, 13.75)])
    city.load("parks", [Row("1", 100.49, 13.75)])
    assert rows(city, VERSIONS) == [("1", 1, None)]


def test_as_of_reads_the_release_of_that_time(city: TestMap) -> None:
    city.load("parks", [Row("1", 100.49, 13.75, name="เดิม")])
    publish(city, 1)
    between = datetime.now(UTC)
    city.load("parks", [Row("1", 100.49, 13.75, name="ใหม่")])
    publish(city, 2)
    with connect(city.engine) as connection:
        query = text("select name_th from onemap.parks_as_of(:at)")
        assert connection.scalars(query, {"at": between}).all() == ["เดิม"]
        assert connection.scalars(query, {"at": datetime.now(UTC)}).all() == ["ใหม่"]
        assert connection.scalars(query, {"at": datetime(2000, 1, 1, tzinfo=UTC)}).all() == []


def test_sources_of_one_layer_do_not_touch_each_other(city: TestMap) -> None:
    first, second = [s for s in city.view.sources if s.layer == "primary_care"][:2]
    city.load("primary_care", [Row("a", 100.49, 13.75)], first)
    city.load("primary_care", [Row("b", 100.51, 13.75)], second)
    city.load("primary_care", [Row("c", 100.51, 13.75)], second)
    query = "select source_key, source_id from core.primary_care order by 1"
    assert rows(city, query) == [("a", first.id), ("c", second.id)]


@pytest.mark.parametrize("first", ["boundaries", "parks"])
def test_what_has_a_position_is_placed_by_it_and_the_rest_as_it_claims(
    test_map: TestMap, first: str
) -> None:
    """By the load where the boundaries are there, and by unify where they come later."""
    city = with_subdistricts(test_map) if first == "boundaries" else test_map
    city.load(
        "parks",
        [
            Row("inside", 100.49, 13.75, district="1002"),
            Row("near", 100.4785, 13.75),  # 160 m west of the western edge
            Row("held", district="1002", subdistrict="100202"),
            Row("district", district="1001"),
        ],
    )
    assert with_subdistricts(city).unify()["parks"] == (0 if first == "boundaries" else 2)
    query = """select source_key, district_code, subdistrict_code, location_precision, geom is null
               from core.parks order by 1"""
    assert rows(city, query) == [
        ("district", "1001", None, "district", True),
        ("held", "1002", "100202", "subdistrict", True),
        ("inside", "1001", "100101", "exact", False),
        ("near", "1001", "100101", "exact", False),
    ]


def test_moved_boundaries_place_published_features_anew(city: TestMap) -> None:
    city.load("parks", [Row("1", 100.49, 13.75)])
    city.unify()
    publish(city, 1)
    city.load(
        "subdistricts",
        [Row("100202", shape=square(100.5, 13.75, 0.02), district="1002", subdistrict="100202")],
    )
    assert city.unify()["parks"] == 1
    query = "select district_code, release_from, release_to from core.parks order by 2"
    assert rows(city, query) == [("1001", 1, 2), ("1002", 2, None)]


def test_what_a_load_brings_is_written_once(city: TestMap) -> None:
    """An update, for its area, would have written each row behind the last one."""
    city.load("parks", [Row(str(n), 100.49, 13.75) for n in range(20)])
    city.unify()
    assert rows(city, "select count(*), max(ctid)::text from core.parks") == [(20, "(0,20)")]


def test_a_load_is_placed_anew_where_its_boundaries_are_taken_back(city: TestMap) -> None:
    """What a load knew as boundaries never came; what stood before has not moved."""
    city.load("parks", [Row("old", 100.49, 13.75)])
    publish(city, 1)
    moved = [
        Row("100101", shape=square(100.47, 13.75), district="1001", subdistrict="100101"),
        Row("100202", shape=square(100.49, 13.75), district="1002", subdistrict="100202"),
    ]
    city.load("subdistricts", moved)
    city.load("parks", [Row("old", 100.49, 13.75), Row("new", 100.49, 13.75)])
    assert city.unify()["parks"] == 1, "the old one; the new one is where the load placed it"
    query = "select source_key, subdistrict_code from core.parks where release_to is null"
    assert set(rows(city, query)) == {("new", "100202"), ("old", "100202")}
    with lease.hold(city.engine, ["subdistricts"]) as token:
        take_back(city.engine, "subdistricts", token, Bilingual(th="ทดสอบ", en="a test"))
    assert city.unify()["parks"] == 1
    assert set(rows(city, query)) == {("new", "100101"), ("old", "100101")}
    assert rows(city, VERSIONS) == [("new", 2, None), ("old", 1, None)]
    assert city.unify()["parks"] == 0, "a second time there is nothing to do"


def test_two_writers_of_a_layer_do_not_meet(city: TestMap) -> None:
    with (
        lease.hold(city.engine, ["parks"]),
        pytest.raises(LeaseHeld, match="parks"),
        lease.hold(city.engine, ["hospitals", "parks"], wait_seconds=0.3),
    ):
        pass
    with lease.hold(city.engine, ["hospitals", "parks"], wait_seconds=0.3):
        pass


def test_an_orphan_writes_nothing(city: TestMap) -> None:
    source, layer = city.source_of("parks"), city.view.layer("parks")
    with lease.hold(city.engine, ["parks"]) as token:
        taken = Snapshot(source.id, "0" * 64, (), datetime.now(UTC))
        run_id = runs.begin(city.engine, source, taken, Deciding({}))
        with transaction(city.engine) as connection:  # the holder's session dies
            connection.execute(
                text("select pg_terminate_backend(backend_pid) from meta.lease where token = :t"),
                {"t": token},
            )
        with lease.hold(city.engine, ["parks"], wait_seconds=5), pytest.raises(LeaseLost):
            load(
                city.engine,
                run_id,
                delivery([Row("1", 100.49, 13.75)], layer),
                Verdict("accepted", None, {}),
                source,
                layer,
                token,
            )
    assert rows(city, "select count(*) from core.parks") == [(0,)]


def test_no_point_is_invented_and_no_history_overlaps(city: TestMap) -> None:
    city.load("parks", [Row("1", 100.49, 13.75)])
    for broken in (
        "update core.parks set location_precision = 'district'",
        "update core.parks set geom = null",
        "update core.parks set geom = 'SRID=4326;POINT(500 0)'",
        "update core.parks set geom = 'SRID=4326;POINT(NaN NaN)'",
        "update core.parks set release_to = release_from",
    ):
        with (
            pytest.raises(Exception, match="violates check"),
            transaction(city.engine) as connection,
        ):
            connection.execute(text(broken))


def test_a_placement_is_taken_back_with_the_boundaries_that_were_prepared(city: TestMap) -> None:
    borders = [
        Row("100101", shape=square(100.49, 13.75), district="1001", subdistrict="100101"),
        Row("100202", shape=square(100.51, 13.75), district="1002", subdistrict="100202"),
    ]
    city.load("parks", [Row("1", 100.495, 13.75)])
    city.unify()
    publish(city, 1)
    moved = [
        Row("100101", shape=square(100.47, 13.75), district="1001", subdistrict="100101"),
        Row("100202", shape=square(100.49, 13.75), district="1002", subdistrict="100202"),
    ]
    city.load("subdistricts", moved)
    assert city.unify()["parks"] == 1
    assert rows(city, VERSIONS) == [("1", 1, 2), ("1", 2, None)]
    city.load("subdistricts", borders)  # before anything was published, the agency mends its file
    assert city.unify()["parks"] == 0
    assert rows(city, VERSIONS) == [("1", 1, None)]
    assert rows(city, "select meta.pending_changes(2)") == [(0,)]


def test_what_an_undeclared_source_brought_places_nothing(city: TestMap) -> None:
    city.load("parks", [Row("1", 100.49, 13.75)])
    city.unify()
    publish(city, 1)
    fingerprint = rows(city, "select meta.areas_fingerprint()")
    source = city.source_of("subdistricts").id
    with transaction(city.engine) as connection:
        gone = text("update meta.source set declared = false where source_id = :source")
        connection.execute(gone, {"source": source})
    assert rows(city, "select count(*) from meta.admin_areas() where level = 'subdistricts'") == [
        (0,)
    ]
    assert rows(city, "select meta.areas_fingerprint()") != fingerprint
    assert rows(city, "select meta.pending_changes(2)") == [(2,)], "both would end"
