"""The guards of the SQL heart: whose rows a load touches, how near is near, who holds a lease."""

from __future__ import annotations

import pyproj
import pytest
from sqlalchemy import text

from geo.errors import LeaseHeld, LeaseLost
from geo.store import lease
from geo.store.database import connect, transaction
from tests.db.conftest import Row, TestMap, square, with_subdistricts
from tests.db.test_load import publish, rows

GEOD = pyproj.Geod(ellps="WGS84")


def away(lon: float, lat: float, azimuth: float, metres: float) -> tuple[float, float]:
    found = GEOD.fwd(lon, lat, azimuth, metres)
    return float(found[0]), float(found[1])


# --- one source's load, and the others' rows ---------------------------------------------------


def test_a_load_reopens_no_row_that_another_source_has_ended(city: TestMap) -> None:
    """Both sources end a row in the coming release; the second one loads again and again."""
    first, second = [s for s in city.view.sources if s.layer == "primary_care"][:2]
    city.load("primary_care", [Row("a", 100.49, 13.75), Row("b", 100.49, 13.75)], first)
    city.load("primary_care", [Row("c", 100.51, 13.75), Row("d", 100.51, 13.75)], second)
    publish(city, 1)
    city.load("primary_care", [Row("a", 100.49, 13.75), Row("new", 100.49, 13.75)], first)
    for _ in range(2):
        city.load("primary_care", [Row("c", 100.51, 13.75)], second)
    query = "select source_key, release_from, release_to from core.primary_care order by 1"
    assert rows(city, query) == [
        ("a", 1, None),
        ("b", 1, 2),
        ("c", 1, None),
        ("d", 1, 2),
        ("new", 2, None),
    ]


def test_a_load_takes_back_only_what_was_prepared_and_not_what_was_published(city: TestMap) -> None:
    """Three releases: versions that ended earlier stay ended, and earlier ones stay."""
    for release, name in enumerate(("หนึ่ง", "สอง", "สาม"), start=1):
        city.load("parks", [Row("1", 100.49, 13.75, name=name)])
        publish(city, release)
    city.load("parks", [Row("1", 100.49, 13.75, name="สี่")])
    city.load("parks", [Row("1", 100.49, 13.75, name="ห้า")])
    query = "select name_th, release_from, release_to from core.parks order by 2"
    assert rows(city, query) == [("หนึ่ง", 1, 2), ("สอง", 2, 3), ("สาม", 3, 4), ("ห้า", 4, None)]


def test_the_same_id_under_two_sources_is_two_features(city: TestMap) -> None:
    """Ids hold their source; rows of the other one are never compared, changed or counted."""
    first, second = [s for s in city.view.sources if s.layer == "primary_care"][:2]
    city.load("primary_care", [Row("a", 100.49, 13.75)], first)
    city.load("primary_care", [Row("b", 100.49, 13.75)], second)
    publish(city, 1)
    loaded = city.load("primary_care", [Row("a", 100.49, 13.75, name="ใหม่")], first)
    assert (loaded.added, loaded.changed, loaded.removed) == (0, 1, 0)
    loaded = city.load("primary_care", [], second)
    assert (loaded.added, loaded.changed, loaded.removed) == (0, 0, 1)
    loaded = city.load("primary_care", [Row("x", 100.49, 13.75), Row("y", 100.49, 13.75)], second)
    assert (loaded.added, loaded.changed, loaded.removed) == (2, 0, 1)


def test_what_a_row_claims_is_its_place_where_nothing_else_is_known(test_map: TestMap) -> None:
    """A subdistrict names its district where the row does not; a claimed district stands above."""
    test_map.load(
        "parks",
        [
            Row("both", district="1001", subdistrict="100202"),
            Row("neither", 100.49, 13.75),
            Row("subdistrict", subdistrict="100202"),
        ],
    )
    query = """select source_key, claimed_district_code, district_code, subdistrict_code,
                      location_precision from core.parks order by 1"""
    assert rows(test_map, query) == [
        ("both", "1001", "1001", "100202", "subdistrict"),
        ("neither", None, None, None, "exact"),
        ("subdistrict", "1002", "1002", "100202", "subdistrict"),
    ]


def test_areas_are_stored_in_parts_and_points_are_not(city: TestMap) -> None:
    city.load("parks", [Row("1", 100.49, 13.75)])
    query = "select distinct geometrytype(geom), st_srid(geom) from core.{}"
    assert rows(city, query.format("parks")) == [("POINT", 4326)]
    assert rows(city, query.format("subdistricts")) == [("MULTIPOLYGON", 4326)]


# --- where a feature is ------------------------------------------------------------------------


def test_near_is_250_metres_on_the_ground(test_map: TestMap) -> None:
    """In degrees the corners of a square of 0.0025 would do, and 277 m to the north."""
    corners = {
        270: (100.48, 13.75),
        90: (100.52, 13.75),
        0: (100.49, 13.76),
        180: (100.49, 13.74),
    }
    places = [
        Row(f"{azimuth} {metres}", *away(*start, azimuth, metres), district="1009")
        for azimuth, start in corners.items()
        for metres in (249, 251)
    ]
    test_map.load("parks", places)
    assert with_subdistricts(test_map).unify()["parks"] == 4
    found = dict(rows(test_map, "select source_key, subdistrict_code from core.parks"))
    expected = {f"{azimuth} 249": "100202" if azimuth == 90 else "100101" for azimuth in corners}
    assert found == expected | {f"{azimuth} 251": None for azimuth in corners}
    query = "select distinct district_code from core.parks where subdistrict_code is null"
    assert rows(test_map, query) == [("1009",)], "what is placed nowhere stays as it says"
    test_map.load("parks", places)
    assert test_map.unify()["parks"] == 0, "a load places as unify does"
    assert dict(rows(test_map, "select source_key, subdistrict_code from core.parks")) == found


def test_what_holds_a_spot_stands_above_what_is_nearer_to_its_middle(city: TestMap) -> None:
    east_of_the_edge = away(100.50, 13.75, 90, 5)
    on_the_edge = (100.50, 13.75)
    city.load("parks", [Row("east", *east_of_the_edge), Row("edge", *on_the_edge)])
    city.unify()
    query = "select source_key, subdistrict_code from core.parks order by 1"
    assert rows(city, query) == [("east", "100202"), ("edge", "100101")], "of equals the first code"


def test_the_nearest_of_two_near_areas_wins(city: TestMap) -> None:
    east, west = (away(*away(100.50, 13.76, side, 20), 0, 100) for side in (90, 270))
    city.load("parks", [Row("east", *east), Row("west", *west)])
    city.unify()
    query = "select source_key, subdistrict_code from core.parks order by 1"
    assert rows(city, query) == [("east", "100202"), ("west", "100101")]


def test_an_area_lies_where_its_inside_is(city: TestMap) -> None:
    """The centre of a horseshoe lies outside of it; a point on its surface does not."""
    west = square(100.49, 13.75, 0.004)
    city.load("health_catchments", [Row("1", shape=west)])
    city.unify()
    assert rows(city, "select subdistrict_code from core.health_catchments") == [("100101",)]


def test_a_feature_that_stays_where_it_is_gets_no_new_version(city: TestMap) -> None:
    city.load("parks", [Row("1", 100.49, 13.75)])
    assert city.unify()["parks"] == 0, "the load placed it"
    publish(city, 1)
    assert city.unify()["parks"] == 0
    city.load("subdistricts", BOTH_AND_A_THIRD)
    assert city.unify()["parks"] == 0, "boundaries changed elsewhere"
    assert rows(city, "select release_from, release_to from core.parks") == [(1, None)]


BOTH_AND_A_THIRD = [
    Row("100101", shape=square(100.49, 13.75), district="1001", subdistrict="100101"),
    Row("100202", shape=square(100.51, 13.75), district="1002", subdistrict="100202"),
    Row("100301", shape=square(100.55, 13.75), district="1003", subdistrict="100301"),
]


def test_only_what_changed_is_placed_while_the_boundaries_stand(city: TestMap) -> None:
    city.load("parks", [Row("1", 100.49, 13.75)])
    city.unify()
    publish(city, 1)
    with transaction(city.engine) as connection:
        connection.execute(text("update core.parks set district_code = '1009'"))
    city.load("parks", [Row("1", 100.49, 13.75), Row("2", 100.51, 13.75)])
    assert city.unify()["parks"] == 0
    query = "select source_key, district_code from core.parks order by 1"
    assert rows(city, query) == [("1", "1009"), ("2", "1002")]


# --- leases ------------------------------------------------------------------------------------


def change_lease(city: TestMap, words: str) -> None:
    with transaction(city.engine) as connection:
        connection.execute(text(f"update meta.lease set {words}"))


def test_a_process_number_that_was_given_out_again_holds_nothing(city: TestMap) -> None:
    """The holder died, and another session got its number: it began at another time."""
    with lease.hold(city.engine, ["parks"]):
        change_lease(city, "backend_start = backend_start - interval '1 hour'")
        with lease.hold(city.engine, ["parks"], wait_seconds=0):
            pass


def test_another_process_that_began_at_the_same_moment_holds_nothing(city: TestMap) -> None:
    with lease.hold(city.engine, ["parks"]):
        change_lease(city, "backend_pid = -1")
        with lease.hold(city.engine, ["parks"], wait_seconds=0):
            pass


def test_a_living_holder_is_named_to_whoever_waits(city: TestMap) -> None:
    with (
        lease.hold(city.engine, ["parks"]),
        pytest.raises(LeaseHeld, match="process"),
        lease.hold(city.engine, ["parks"], wait_seconds=0),
    ):
        pass


def test_all_layers_are_taken_or_none(city: TestMap) -> None:
    with lease.hold(city.engine, ["parks"]):
        with (
            pytest.raises(LeaseHeld),
            lease.hold(city.engine, ["hospitals", "parks"], wait_seconds=0),
        ):
            pass
        assert rows(city, "select layer_id from meta.lease") == [("parks",)]


def test_a_lease_ends_with_its_block_and_no_other_does(city: TestMap) -> None:
    with lease.hold(city.engine, ["hospitals"]):
        with lease.hold(city.engine, ["parks"]):
            pass
        assert rows(city, "select layer_id from meta.lease") == [("hospitals",)]
    assert rows(city, "select layer_id from meta.lease") == []


def test_a_token_is_good_for_all_of_its_layers_and_no_others(city: TestMap) -> None:
    with (
        lease.hold(city.engine, ["parks", "hospitals"]) as token,
        lease.hold(city.engine, ["districts"]) as other,
        connect(city.engine) as connection,
    ):
        lease.check(connection, ["parks"], token)
        lease.check(connection, ["parks", "hospitals"], token)
        for layers, held in (
            (["parks", "districts"], token),
            (["districts"], token),
            (["parks"], other),
            (["subdistricts"], token),
        ):
            with pytest.raises(LeaseLost):
                lease.check(connection, layers, held)
