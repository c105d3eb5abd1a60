"""Search, cards and the places that an area holds."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.web.conftest import City


def search(client: httpx.Client, query: str, limit: int = 50) -> list[dict[str, Any]]:
    answer = client.get(f"/search?q={quote(query)}&limit={limit}")
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def first(client: httpx.Client, query: str) -> tuple[str, str]:
    result = search(client, query)[0]
    return result["layer"], result["name"]["th"]


@pytest.mark.parametrize(
    "query", ["จตุจักร", "เขตจตุจักร", " จตุจักร ", "Chatu Chak", "chatuchak", "1030"]
)
def test_a_district_by_name_prefix_or_code(client: httpx.Client, query: str) -> None:
    assert first(client, query) == ("districts", "จตุจักร")


def test_a_subdistrict_by_its_code(client: httpx.Client) -> None:
    assert first(client, "103005") == ("subdistricts", "จตุจักร")


def test_sara_am_is_found_however_it_is_typed(client: httpx.Client) -> None:
    precomposed = {result["feature_id"] for result in search(client, "ลำ")}
    decomposed = {result["feature_id"] for result in search(client, "ล\u0e4d\u0e32")}
    assert precomposed
    assert precomposed == decomposed


def test_thai_and_arabic_digits_are_the_same(client: httpx.Client, city: City) -> None:
    name = city.rows["gardens_15min"].rows[0]["name_th"]
    assert "๑๕" in name
    arabic = name.translate(str.maketrans("๑๕", "15"))
    assert first(client, name) == first(client, arabic) == ("gardens_15min", name)


def test_spaces_do_not_matter_and_words_may_be_in_any_order(client: httpx.Client) -> None:
    joined = {result["feature_id"] for result in search(client, "สวน๑๕นาที")}
    apart = {result["feature_id"] for result in search(client, "นาที สวน 15")}
    assert len(joined) == 50
    assert joined == apart


def test_places_are_found_by_the_area_that_they_are_in(client: httpx.Client, city: City) -> None:
    results = [r for r in search(client, "โรงพยาบาล หนองจอก") if r["layer"] == "hospitals"]
    expected = {
        str(row["feature_id"])
        for row in city.rows["hospitals"].rows
        if row["district_code"] == "1003"
    }
    assert {result["feature_id"] for result in results} == expected
    assert expected


def test_a_held_place_is_found_without_a_position(client: httpx.Client, city: City) -> None:
    row = city.row("parks", location_precision="district")
    result = search(client, row["name_th"])[0]
    assert result["feature_id"] == str(row["feature_id"])
    assert result["bounds"] is None
    assert result["district"]["code"] == row["district_code"]


def test_limit_counts_and_caps(client: httpx.Client) -> None:
    answer = client.get("/search?q=โรง&limit=3").json()
    assert len(answer["results"]) == 3
    assert answer["total"] >= 40
    assert len(search(client, "a", limit=10_000)) == 50


@pytest.mark.parametrize("query", ["", "q=", "q=%20", f"q={'x' * 101}", "q=a&limit=0", "q=a&x=1"])
def test_a_search_that_cannot_be_meant_is_refused(client: httpx.Client, query: str) -> None:
    assert client.get(f"/search?{query}").status_code == 400


@pytest.mark.parametrize("query", ["%", "_", "'", "\\", ".*", "(", "🙂"])
def test_signs_are_only_signs(client: httpx.Client, query: str) -> None:
    assert client.get(f"/search?q={quote(query)}").json()["results"] == []


def test_a_card_tells_what_is_public_and_who_says_so(client: httpx.Client, city: City) -> None:
    row = city.rows["housing_communities"].rows[6]
    card = client.get(f"/places/housing_communities/{row['feature_id']}").json()
    values = {column["name"]: column["value"] for column in card["values"]}
    assert values["population"] == row["population"]
    assert not {"contact_name", "survey_note", "name_th", "district_code"} & set(values)
    assert row["contact_name"] not in str(card)
    assert card["location_precision"] == "subdistrict"
    assert card["geometry"] is None
    assert card["subdistrict"]["code"] == row["subdistrict_code"]
    assert card["subdistrict"]["term"]["th"] == "แขวง"
    assert card["source"]["agency"]["th"]
    assert card["source"]["as_of"] or card["source"]["fetched_at"]


def test_a_card_of_nothing_is_404(client: httpx.Client, city: City) -> None:
    unknown = "00000000-0000-0000-0000-000000000000"
    park = city.rows["parks"].rows[0]["feature_id"]
    for path in (f"parks/{unknown}", f"hospitals/{park}", f"nothing/{park}", "parks/1"):
        assert client.get(f"/places/{path}").status_code == 404, path


def test_a_district_lists_what_it_and_its_subdistricts_hold(
    client: httpx.Client, city: City
) -> None:
    code = "1011"
    answer = client.get(f"/unplaced?area={code}").json()
    listed = {place["feature_id"] for layer in answer["layers"] for place in layer["places"]}
    expected = {
        str(row["feature_id"])
        for rows in city.rows.values()
        for row in rows.rows
        if row["location_precision"] != "exact" and row["district_code"] == code
    }
    assert expected
    assert listed == expected
    assert answer["total"] == len(expected)


def test_a_subdistrict_lists_only_its_own(client: httpx.Client, city: City) -> None:
    row = city.rows["housing_communities"].rows[0]
    answer = client.get(f"/unplaced?area={row['subdistrict_code']}").json()
    assert [layer["id"] for layer in answer["layers"]] == ["housing_communities"]
    codes = {place["area"]["code"] for layer in answer["layers"] for place in layer["places"]}
    assert codes == {row["subdistrict_code"]}


@pytest.mark.parametrize("area", ["", "10", "9999", "1030'", "abc"])
def test_an_unknown_area_is_refused(client: httpx.Client, area: str) -> None:
    assert client.get(f"/unplaced?area={quote(area)}").status_code == 400
