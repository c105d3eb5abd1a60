"""The date of the content is what an agency states; the day of fetching is only that."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import psycopg
import pytest

from tests.web.conftest import City

FETCHED_ON = "2025-02-14"  # in Bangkok; it was still the 13th in Greenwich
STATED = "2024-12-31"


def source_of(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in manifest["sources"] if row["id"] == name)
    return found


def test_a_source_whose_agency_states_no_date_is_only_said_to_be_fetched(city: City) -> None:
    parks = source_of(city.manifest, "bangkok_parks")
    assert (parks["as_of"], parks["fetched_on"]) == (None, FETCHED_ON)
    hospitals = source_of(city.manifest, "bangkok_hospitals")
    assert (hospitals["as_of"], hospitals["fetched_on"]) == (STATED, FETCHED_ON)


def test_the_map_is_as_of_the_newest_stated_date_and_not_of_the_newest_fetch(city: City) -> None:
    assert city.manifest["data_as_of"] == STATED
    assert city.manifest["fetched_on"] == FETCHED_ON


@pytest.mark.parametrize(("layer", "as_of"), [("parks", None), ("hospitals", STATED)])
def test_a_card_tells_both_dates_apart(
    client: httpx.Client, city: City, layer: str, as_of: str | None
) -> None:
    feature = city.rows[layer].rows[0]["feature_id"]
    source = client.get(f"/places/{layer}/{feature}").json()["source"]
    assert (source["as_of"], source["fetched_on"]) == (as_of, FETCHED_ON)


def test_layer_status_tells_both_dates_apart(city: City) -> None:
    with psycopg.connect(city.owner_url) as connection:
        rows = connection.execute(
            "select source_id, content_date, fetched_on from onemap.layer_status"
            " where source_id in ('bangkok_hospitals', 'bangkok_parks') order by source_id"
        ).fetchall()
    day = date.fromisoformat(FETCHED_ON)
    assert rows == [
        ("bangkok_hospitals", date.fromisoformat(STATED), day),
        ("bangkok_parks", None, day),
    ]
