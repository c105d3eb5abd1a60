"""What planners ask of a large layer: which indexes answer them, what changed, and what is near."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import psycopg
import pyproj
import pytest

from schemas.catalogue import load_catalogue
from tests.db.conftest import Row, TestMap
from tests.db.test_load import publish

GEOD = pyproj.Geod(ellps="WGS84")
PLACES = 20_000
"""Enough for the planner to think of indexes, and filled in a second."""
TIME_OF = "2026-01-0{}"
HISTORY = """
with landed as (
    insert into meta.run (source_id, layer_id, outcome, rows_in, rows_published, rows_quarantined,
                          rows_filtered)
    select min(source_id), 'hospitals', 'accepted', 0, 0, 0, 0 from meta.source
    where layer_id = 'hospitals' returning *
)
insert into core.hospitals (
    feature_id, source_id, source_key, source_row, run_id, content_hash, district_code,
    subdistrict_code, location_precision, geom, name_th, beds, release_from, release_to
)
select uuid_in(md5(i::text)::cstring), source_id, i::text, i, run_id, decode(md5(i::text), 'hex'),
       (1001 + i % 50)::text, (100101 + 100 * (i % 50) + i % 3)::text, 'exact',
       st_point(100 + i % 200 / 200.0, 13 + i / 200 * 200.0 / {places}, 4326), 'โรงพยาบาล ' || i,
       i % 7 + version.release_from, version.release_from, version.release_to
from landed, generate_series(1, {places}) i
-- One in ten is another from release 2 on, one in ten ends with 3, one in ten begins with 3, and
-- one in ten is prepared to end with 4, which nobody has published.
cross join lateral (values
    (1, case i % 10 when 0 then 2 when 1 then 3 when 2 then 4 end),
    (2, null)
) as version (release_from, release_to)
where version.release_from = 1 or i % 10 = 0
"""
LATER = "update core.hospitals set release_from = 3 where source_row % 10 = 3"
PUBLISHED = """
insert into meta.release select n, timestamptz '2026-01-01 00:00+07' + n * interval '1 day', '{}'
from generate_series(1, 3) n
"""
BOX = "st_makeenvelope(100.5, 13.5, 100.52, 13.52, 4326)"
POINT = "st_point(100.51, 13.51, 4326)"
WIDE_BOX = "st_makeenvelope(100.2, 13.2, 100.6, 13.52, 4326)"
AS_OF = "onemap.hospitals_as_of('2026-01-03')"


@pytest.fixture(scope="module")
def url(lasting_database: Callable[..., str]) -> Callable[[str], str]:
    """A map with many hospitals and three releases, as each role reaches it; tests only look."""
    view = load_catalogue().map_view("bangkok")
    owner = lasting_database("planners", view=view)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(HISTORY.format(places=PLACES).encode())
        connection.execute(LATER)
        connection.execute(PUBLISHED)
        connection.execute("update meta.pointer set release = 3")
        connection.execute("call meta.index_history('hospitals')")
        connection.execute("vacuum analyze core.hospitals")
    return lambda role: lasting_database("planners", role=role)


@pytest.fixture
def planner(url: Callable[[str], str]) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url("onemap_planner")) as connection:
        yield connection


@pytest.fixture
def web(url: Callable[[str], str]) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url("onemap_web")) as connection:
        yield connection


@pytest.fixture
def owner(url: Callable[[str], str]) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url("onemap")) as connection:
        yield connection


def plan(connection: psycopg.Connection, query: str, *options: str) -> list[dict[str, Any]]:
    """The nodes of a query's plan, from the top."""
    asked = f"explain ({', '.join(['format json', *options])}) {query}"
    row = connection.execute(asked.encode()).fetchone()
    assert row is not None
    found, waiting = [], [row[0][0]["Plan"]]
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting += node.get("Plans", [])
    return found


def read_by(connection: psycopg.Connection, query: str) -> set[str]:
    """How hospitals are read: the indexes, and whatever else a plan should not have."""
    nodes = plan(connection, query)
    indexes = {node["Index Name"] for node in nodes if "Index Name" in node}
    others = {node["Node Type"] for node in nodes} & {"BitmapAnd", "Function Scan"}
    whole = {
        "whole table"
        for n in nodes
        if n["Node Type"] == "Seq Scan" and "hosp" in n["Relation Name"]
    }
    return indexes | others | whole


# --- which indexes answer ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        f"select * from onemap.hospitals where geom && {BOX}",
        f"select * from onemap.hospitals where geom && {WIDE_BOX}",
        f"select * from onemap.hospitals_versions where geom && {BOX}",
        f"select * from {AS_OF} where geom && {BOX}",
        f"select * from onemap.hospitals where onemap.within(geom, {POINT}, 800)",
        f"select * from {AS_OF} where onemap.within(geom, {POINT}, 800)",
        f"with centre as materialized (select st_centroid({BOX}) as geom) "
        "select h.* from onemap.hospitals h, centre where onemap.within(h.geom, centre.geom, 800)",
        f"select * from onemap.hospitals order by geom <-> {POINT} limit 5",
        f"select * from onemap.place where layer_id = 'hospitals' and geom && {BOX}",
        f"select * from onemap.hospitals where geom && {BOX} and beds > 3 and name_th <> ''",
    ],
)
def test_shapes_are_found_by_their_index_alone(planner: psycopg.Connection, query: str) -> None:
    assert read_by(planner, query) == {"hospitals_geom_idx"}


@pytest.mark.parametrize("view", ["hospitals", "place"])
def test_the_public_api_finds_shapes_by_their_index_alone(
    web: psycopg.Connection, view: str
) -> None:
    found = read_by(web, f"select * from web.{view} where st_intersects(geom, {BOX}) limit 10")
    assert "hospitals_geom_idx" in found
    assert all(name.endswith("_geom_idx") for name in found), found


def test_an_area_is_found_by_its_code(planner: psycopg.Connection) -> None:
    for table in ("onemap.hospitals", "onemap.hospitals_versions", AS_OF):
        query = f"select * from {table} where district_code = '1007'"
        assert read_by(planner, query) == {"hospitals_area_idx"}


def test_areas_are_counted_without_a_look_at_the_rows(planner: psycopg.Connection) -> None:
    for table in ("onemap.hospitals", AS_OF):
        query = (
            f"select district_code, count(*) from {table} where district_code < '1010' group by 1"
        )
        assert read_by(planner, query) == {"hospitals_area_idx"}
        assert "Index Only Scan" in {node["Node Type"] for node in plan(planner, query)}


def test_a_feature_is_found_by_its_id(planner: psycopg.Connection) -> None:
    one = "feature_id = uuid_in(md5('77')::cstring)"
    for table in ("onemap.hospitals", "onemap.hospitals_versions", AS_OF, "onemap.place"):
        assert "hospitals_identity_idx" in read_by(planner, f"select * from {table} where {one}")


OLD_INDEXES = """
    drop index core.hospitals_area_idx, core.hospitals_end_idx;
    create index on core.hospitals (district_code, subdistrict_code);
    create index on core.hospitals (release_to);
    analyze core.hospitals
"""


def test_a_release_that_is_compared_as_usual_draws_its_index_into_the_plan(
    owner: psycopg.Connection,
) -> None:
    """What the views avoid by their words, whichever indexes there are."""
    owner.execute(OLD_INDEXES)
    usual = """
        select * from core.hospitals
        where release_from <= (select release from meta.pointer)
          and (release_to is null or release_to > (select release from meta.pointer))
          and {}
    """
    assert "BitmapAnd" in read_by(owner, usual.format("district_code = '1007'"))
    assert read_by(owner, usual.format(f"geom && {WIDE_BOX}")) == {"hospitals_begin_idx"}
    views = "select * from onemap.hospitals where {}"
    assert read_by(owner, views.format(f"geom && {WIDE_BOX}")) == {"hospitals_geom_idx"}
    (index,) = read_by(owner, views.format("district_code = '1007'"))
    assert index == "hospitals_district_code_subdistrict_code_idx"


def blocks(node: dict[str, Any]) -> int:
    return int(node["Shared Hit Blocks"] + node["Shared Read Blocks"])


def test_what_a_release_brings_is_found_by_indexes(owner: psycopg.Connection) -> None:
    """A look at the whole table would read all of its blocks."""
    table = "select pg_relation_size('core.hospitals') / 8192"
    row = owner.execute(table.encode()).fetchone()
    assert row is not None
    for _ in range(2):  # the second time, the catalogue is known
        (pending,) = plan(owner, "select meta.pending_changes(5)", "analyze", "buffers")
        changes = "select * from onemap.changes('hospitals', 0, 0)"
        (none,) = plan(owner, changes, "analyze", "buffers")
    assert blocks(pending) + blocks(none) < row[0] / 2


# --- releases ------------------------------------------------------------------------------------

SEEN = "select feature_id, beds, name_th from {}"


def seen(connection: psycopg.Connection, release: int) -> dict[Any, Any]:
    """Hospitals as they were, by their id."""
    if not release:
        return {}
    query = SEEN.format(f"onemap.hospitals_as_of('2026-01-0{release + 1} 12:00+07')")
    return {row[0]: row[1:] for row in connection.execute(query.encode())}


@pytest.mark.parametrize(("before", "after"), list(product(range(4), repeat=2)))
def test_changes_are_what_two_releases_differ_in(
    planner: psycopg.Connection, before: int, after: int
) -> None:
    a, b = seen(planner, before), seen(planner, after)
    differing = {
        key: "added" if key not in a else "removed" if key not in b else "changed"
        for key in a.keys() | b.keys()
        if a.get(key) != b.get(key)
    }
    asked = "select * from onemap.changes('hospitals', %s, %s)"
    found = planner.execute(asked, [before, after]).fetchall()
    assert len(found) == len(differing)
    assert {row[0]: row[1] for row in found} == differing
    assert {tuple(row[2]) for row in found if row[1] == "changed"} <= {("beds",)}


def test_releases_differ_in_this_test(planner: psycopg.Connection) -> None:
    asked = "select kind, count(*) from onemap.changes('hospitals', 1, 3) group by 1 order by 1"
    tenth = PLACES // 10
    assert planner.execute(asked.encode()).fetchall() == [
        ("added", tenth),
        ("changed", tenth),
        ("removed", tenth),
    ]


def test_the_current_release_is_the_one_that_was_published_last(
    planner: psycopg.Connection,
) -> None:
    current = {row[0]: row[1:] for row in planner.execute(SEEN.format("onemap.hospitals").encode())}
    assert current == seen(planner, 3)
    assert len(seen(planner, 2)) == PLACES - PLACES // 10


def test_what_is_prepared_does_not_show(
    planner: psycopg.Connection, owner: psycopg.Connection
) -> None:
    """Neither versions of the coming release, nor that others will end with it."""
    ends = "select count(*) from core.hospitals where release_to = 4"
    assert owner.execute(ends.encode()).fetchone() == (PLACES // 10,)
    shown = "select count(*), max(release_to) from onemap.hospitals_versions"
    assert planner.execute(shown.encode()).fetchone() == (PLACES + PLACES // 10, 3)


DOORS = """
    select (select array_agg(name_th) from onemap.parks),
           (select array_agg(name_th) from onemap.place),
           (select array_agg(name_th) from onemap.parks_as_of(statement_timestamp())),
           (select array_agg(name_th) from onemap.parks_versions where release_to is null),
           (select array_agg(name_th) from web.parks)
"""


@pytest.mark.parametrize("isolation", ["repeatable read", "read committed"])
def test_a_statement_and_a_snapshot_read_one_release_at_every_door(
    test_map: TestMap, isolation: str
) -> None:
    """A publication meanwhile is seen by the next statement, or by the next snapshot."""
    test_map.load("parks", [Row("1", 100.49, 13.75, name="หนึ่ง")])
    publish(test_map, 1)
    test_map.load("parks", [Row("1", 100.49, 13.75, name="สอง")])
    url = test_map.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as reader:
        reader.execute(f"set transaction isolation level {isolation}".encode())
        assert reader.execute(DOORS.encode()).fetchone() == (["หนึ่ง"],) * 5
        publish(test_map, 2)
        expected = "หนึ่ง" if isolation == "repeatable read" else "สอง"
        assert reader.execute(DOORS.encode()).fetchone() == ([expected],) * 5


@pytest.mark.parametrize("schema", ["onemap", "web"])
def test_places_say_their_reference_system(owner: psycopg.Connection, schema: str) -> None:
    """What QGIS and others look up before they read a row."""
    known = (
        "select type, srid from geometry_columns where f_table_schema = %s and f_table_name = %s"
    )
    assert owner.execute(known, [schema, "place"]).fetchone() == ("GEOMETRY", 4326)
    assert owner.execute(known, [schema, "hospitals"]).fetchone() == ("POINT", 4326)


@pytest.mark.parametrize(("before", "after"), [(3, 4), (4, 3), (-1, 2), (0, 99), (None, 2)])
def test_releases_that_nobody_published_are_not_compared(
    planner: psycopg.Connection, before: int | None, after: int
) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=r"ระหว่าง 0 ถึง 3 / Releases"):
        planner.execute("select * from onemap.changes('hospitals', %s, %s)", [before, after])


@pytest.mark.parametrize("layer", ["hospital", "core.hospitals", "hospitals; drop", "", None])
def test_a_layer_that_is_not_there_has_no_changes(
    planner: psycopg.Connection, layer: str | None
) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=r"ไม่มีชั้นข้อมูล.*There is no layer"):
        planner.execute("select * from onemap.changes(%s, 1, 2)", [layer])


def test_a_personal_column_is_no_change_for_planners(test_map: TestMap) -> None:
    """They do not see it, and do not learn when it changed; the owner's comparison says it."""
    test_map.load("housing_communities", [Row("1", 100.49, 13.75), Row("2", 100.49, 13.75)])
    again = """
        with ended as (update core.housing_communities set release_to = 2 returning *)
        insert into core.housing_communities
        select (jsonb_populate_record(null::core.housing_communities, to_jsonb(ended)
            || jsonb_build_object('geom', geom::text, 'release_from', 2, 'release_to', null,
                                  'contact_name', 'สมชาย', 'survey_note',
                                  case when source_key = '2' then 'seen' end))).*
        from ended
    """
    owner = test_map.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(owner) as connection:
        connection.execute(
            "insert into meta.release select n, now(), '{}' from generate_series(1, 2) n"
        )
        connection.execute(again)
        connection.execute("update meta.pointer set release = 2")
        every = "select columns from meta.release_diff('housing_communities', 1, 2, %s)"
        known = connection.execute(every, [["public", "internal", "personal"]]).fetchall()
        told = connection.execute(
            "select kind, columns from onemap.changes('housing_communities', 1, 2)"
        ).fetchall()
    assert sorted(known) == [(["contact_name"],), (["contact_name", "survey_note"],)]
    assert told == [("changed", ["survey_note"])]


# --- metres --------------------------------------------------------------------------------------

LATITUDES = (5.6, 13.7563, 20.45, 0.0, -45.0, 88.0)
"""From the south of Thailand to its north; the equator, the other half, and where it is narrow."""
EDGE_METRES = 0.002
WITHIN = "select onemap.within(st_point(%s, %s, 4326), st_point(%s, %s, 4326), %s)"


def holds(connection: psycopg.Connection, query: str, values: list[Any]) -> bool:
    row = connection.execute(query.encode(), values).fetchone()
    assert row is not None and isinstance(row[0], bool)
    return row[0]


@pytest.mark.parametrize("latitude", LATITUDES)
@pytest.mark.parametrize("metres", [1.0, 800.0, 50_000.0])
def test_metres_are_those_of_the_ellipsoid(
    planner: psycopg.Connection, latitude: float, metres: float
) -> None:
    """All around, two millimetres this side of the edge are within and two beyond are not."""
    for azimuth in range(0, 360, 15):
        for inside in (True, False):
            reach = metres + (-EDGE_METRES if inside else EDGE_METRES)
            lon, lat, _ = GEOD.fwd(100.5, latitude, azimuth, reach)
            values = [lon, lat, 100.5, latitude, metres]
            assert holds(planner, WITHIN, values) is inside, (azimuth, inside)


@pytest.mark.parametrize(
    ("centre", "azimuth"), [((179.999, 13.0), 90), ((-179.999, 13.0), 270), ((100.0, 89.99), 0)]
)
def test_metres_go_past_the_pole_and_the_180th_meridian(
    planner: psycopg.Connection, centre: tuple[float, float], azimuth: float
) -> None:
    lon, lat, _ = GEOD.fwd(*centre, azimuth, 1999)
    assert holds(planner, WITHIN, [lon, lat, *centre, 2000])
    assert not holds(planner, WITHIN, [lon, lat, *centre, 1998])


def test_a_long_edge_bows_towards_the_pole_and_is_found(planner: psycopg.Connection) -> None:
    """On the globe, an edge along a parallel lies farther north than its ends do."""
    edge = "st_geomfromtext('LINESTRING(100 20, 101 20)', 4326)"
    north = GEOD.fwd(100.5, 20, 0, 180)
    point = f"st_point({north[0]}, {north[1]}, 4326)"
    exact = f"st_distance({edge}::geography, {point}::geography)"
    for one, other in ((edge, point), (point, edge)):
        query = f"select onemap.within({one}, {other}, {exact} + %s)"
        assert holds(planner, query, [EDGE_METRES])
        assert not holds(planner, query, [-EDGE_METRES])


def test_the_index_finds_all_that_a_look_at_every_row_finds(planner: psycopg.Connection) -> None:
    exact = f"st_dwithin(geom::geography, {POINT}::geography, 3000)"
    queries = (f"onemap.within(geom, {POINT}, 3000)", exact)
    found = [
        planner.execute(
            f"select feature_id from onemap.hospitals where {query} order by 1".encode()
        ).fetchall()
        for query in queries
    ]
    assert found[0] == found[1]
    assert len(found[0]) > 30


def test_a_place_without_a_position_is_near_nothing(planner: psycopg.Connection) -> None:
    query = f"select onemap.within(null::geometry, {POINT}, 800) is null"
    assert holds(planner, query, [])


@pytest.mark.parametrize(
    ("centre", "metres"),
    [
        ("st_point(100.5, 13.75)", "800"),  # no SRID
        ("st_point(665000, 1520000, 32647)", "800"),  # metres for degrees
        ("st_point(13.75, 100.5, 4326)", "800"),  # latitude first
        (POINT, "-1"),
        (POINT, "'NaN'"),
    ],
)
def test_what_is_no_place_or_no_distance_is_refused_in_both_languages(
    planner: psycopg.Connection, centre: str, metres: str
) -> None:
    query = f"select * from onemap.hospitals where onemap.within(geom, {centre}, {metres})"
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=r"ต้อง.* / The "):
        planner.execute(query.encode())
