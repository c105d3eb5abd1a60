"""A statement that was made from a request calls what is on the list, however it is written."""

from __future__ import annotations

import pytest

from web.calls import require_listed
from web.errors import WebError

GOOD = [
    'SELECT COUNT(*) FROM "web"."parks" WHERE name_th = \'pg_sleep(10)\'',
    "SELECT COUNT(*) FROM web.parks WHERE name_th = E'it\\'s pg_sleep(1) -- ; /*' AND (a = 1)",
    'SELECT CAST(ST_AsGeoJSON(CAST("geom" AS geometry)) AS json) FROM web.parks',
    "SELECT 1 FROM web.parks WHERE st_intersects(geom, ST_SetSRID(st_geomfromgeojson('{}'), 4326))",
    "SELECT 1 FROM web.parks WHERE id IN ('a', 'b') AND NOT (name = 'x''); select pg_sleep(1) --')",
]
BAD = [
    "SELECT pg_sleep(10)",
    "SELECT pg_sleep (10)",
    "SELECT pg_sleep\n(10)",
    'SELECT "pg_sleep"(10)',
    "SELECT pg_catalog.pg_sleep(10)",
    'SELECT pg_catalog."pg_sleep" (10)',
    "SELECT PG_SLEEP(10)",
    "SELECT pg_sleep/**/(10)",
    "SELECT pg_sleep --\n(10)",
    "SELECT 1; SELECT 2",
    "SELECT 'a' || query_to_xml('select 1', true, true, '')",
    "SELECT E'\\'' || pg_sleep(1) || '",
    "SELECT E'a\\\\' || pg_sleep(1) || E''",
    'SELECT U&"\\0070g_sleep"(1)',
    "SELECT $$a$$, lo_create(0)",
    "SELECT $a$'$a$, lo_create(0), $a$'$a$",
    "SELECT dblink('host=x', 'select 1')",
    "SELECT cast(pg_advisory_lock(1) AS text)",
    "SELECT ฟังก์ชัน(1)",
]


@pytest.mark.parametrize("statement", GOOD)
def test_what_tipg_asks_passes(statement: str) -> None:
    require_listed(statement)


@pytest.mark.parametrize("statement", BAD)
def test_any_other_function_is_refused(statement: str) -> None:
    with pytest.raises(WebError) as refused:
        require_listed(statement)
    assert refused.value.status == 400
