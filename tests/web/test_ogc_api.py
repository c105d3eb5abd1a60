"""OGC API Features: what it answers, and what it does not let through."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import pytest

from tests.web.conftest import City

ITEMS = "/api/collections/parks/items"


def features(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["features"]
    return found


def test_collections_are_the_layers_and_nothing_else(client: httpx.Client, city: City) -> None:
    document = client.get("/api/collections").json()
    assert {collection["id"] for collection in document["collections"]} == {
        layer["id"] for layer in city.manifest["layers"]
    }


def test_a_collection_says_what_it_is_in_both_languages(client: httpx.Client) -> None:
    collection = client.get("/api/collections/hospitals").json()
    assert collection["title"] == "โรงพยาบาล / Hospitals"
    assert len(collection["extent"]["spatial"]["bbox"][0]) == 4


def test_all_features_are_found_page_by_page(client: httpx.Client, city: City) -> None:
    address = f"{ITEMS}?limit=25"
    found: list[str] = []
    while address:
        page = client.get(address).json()
        found += [feature["id"] for feature in page["features"]]
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    expected = {str(row["feature_id"]) for row in city.rows["parks"].rows}
    assert len(found) == len(set(found)) == 60
    assert set(found) == expected


def test_places_at_an_area_have_no_geometry(client: httpx.Client) -> None:
    for feature in features(client, f"{ITEMS}?location_precision=district&limit=100"):
        assert feature["geometry"] is None


def test_a_feature_by_its_id(client: httpx.Client, city: City) -> None:
    row = city.row("hospitals", beds=60)
    feature = client.get(f"/api/collections/hospitals/items/{row['feature_id']}").json()
    assert feature["properties"]["name_th"] == row["name_th"]
    assert feature["geometry"]["coordinates"] == pytest.approx([row["geom"].x, row["geom"].y])


def test_bbox_finds_what_lies_in_it(client: httpx.Client, city: City) -> None:
    box = (100.5, 13.7, 100.6, 13.8)
    inside = {
        str(row["feature_id"])
        for row in city.rows["hospitals"].rows
        if box[0] <= row["geom"].x <= box[2] and box[1] <= row["geom"].y <= box[3]
    }
    query = ",".join(map(str, box))
    found = features(client, f"/api/collections/hospitals/items?limit=1000&bbox={query}")
    assert {feature["id"] for feature in found} == inside
    assert inside


def test_properties_filter_choose_and_sort(client: httpx.Client) -> None:
    found = features(
        client,
        "/api/collections/hospitals/items"
        "?hospital_type=private&properties=beds,hospital_type&sortby=-beds&limit=1000",
    )
    beds = [feature["properties"]["beds"] for feature in found]
    assert len(found) == 20
    assert beds == sorted(beds, reverse=True)
    assert set(found[0]["properties"]) == {"beds", "hospital_type"}


def test_datetime_chooses_by_the_layers_date(client: httpx.Client, city: City) -> None:
    asked = "2024-01-10T00:00:00Z/2024-01-20T00:00:00Z"
    found = features(client, f"/api/collections/gardens_15min/items?datetime={asked}&limit=1000")
    days = {feature["properties"]["completed_on"] for feature in found}
    assert days
    assert all("2024-01-10" <= day <= "2024-01-20" for day in days)


def test_a_quote_in_a_value_is_a_value(client: httpx.Client) -> None:
    name = quote("O'Brien'; select 1 --")
    assert features(client, f"{ITEMS}?name_en={name}") == []


@pytest.mark.parametrize("column", ["contact_name", "survey_note", "source_key", "run_id"])
def test_what_is_not_public_is_not_there(client: httpx.Client, city: City, column: str) -> None:
    collection = "/api/collections/housing_communities"
    for path in (f"{collection}/items?limit=1000", f"{collection}/queryables"):
        assert column not in client.get(path).text
    asked = client.get(f"{collection}/items?{column}=x")
    assert asked.status_code == 400
    row = city.rows["housing_communities"].rows[0]
    assert row["contact_name"] not in client.get(f"{collection}/items?limit=1000").text


@pytest.mark.parametrize(
    "query",
    [
        "filter=1=1",
        "filter=query_to_xml('select 1',true,false,'')%20IS%20NOT%20NULL",
        "filter=pg_sleep(10)%20IS%20NULL",
        "filter-lang=cql2-json",
        "nonsense=1",
        "Limit=1",
        "limit=",
        "limit=0",
        "limit=-1",
        "limit=ten",
        "limit=1e3",
        "limit=1.5",
        "limit=٣",
        "limit=99999999999999999999",
        "limit=" + "9" * 5_000,
        "limit=5&limit=6",
        "offset=-1",
        "offset=99999999999",
        "bbox=1,2,3",
        "bbox=a,b,c,d",
        "bbox=nan,nan,nan,nan",
        "bbox=inf,0,1,1",
        "bbox=1e400,0,1,1",
        "bbox=" + "9" * 900 + ",0,1,1",
        "bbox=1_0,1,20,20",
        "bbox=１０,1,20,20",
        "bbox=200,13,201,14",
        "bbox=101,14,100,13",
        "datetime=yesterday",
        "datetime=../..",
        "datetime=2024-01-01T00:00:00Z/2024-02-01T00:00:00Z/2024-03-01T00:00:00Z",
        "properties=geom",
        "properties=nothing",
        "sortby=nothing",
        "sortby=name_th;drop",
        "f=html",
        "f=csv&limit=3",
        "ids=1",
        "simplify=1",
        "geom-column=geom",
        "area_m2=many",
        "name_th=" + "9" * 5_000,
        "&".join(f"name_{number}=1" for number in range(50)),
        "feature_id=not-a-uuid",
    ],
)
def test_what_is_not_understood_is_refused_without_database_words(
    client: httpx.Client, query: str
) -> None:
    answer = client.get(f"{ITEMS}?{query}")
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert body["code"] == "InvalidParameterValue"
    for word in ("syntax", "SQL", "does not exist", "asyncpg", "psycopg", "relation", "postgres"):
        assert word not in body["description"]


def test_the_refusal_of_filter_is_a_clear_sentence(client: httpx.Client) -> None:
    description = client.get(f"{ITEMS}?filter=name_th='x'").json()["description"]
    assert description.startswith("`filter` is not offered in this version")


def test_limit_is_capped(client: httpx.Client) -> None:
    page = client.get("/api/collections/primary_care/items?limit=9999999").json()
    assert page["numberReturned"] == 160
    assert "limit=1000" in page["links"][1]["href"]


def test_links_lead_somewhere(client: httpx.Client) -> None:
    for page in ("/api/", "/api/collections", "/api/collections/parks", f"{ITEMS}?limit=1"):
        for link in client.get(page).json()["links"]:
            if not link.get("templated"):
                answer = client.get(link["href"], follow_redirects=True)
                assert answer.status_code == 200, link["href"]


def test_a_whole_layer_as_csv_is_the_releases_own_table(client: httpx.Client, city: City) -> None:
    answer = client.get(f"{ITEMS}?f=csv", follow_redirects=True)
    assert answer.content == (city.folder / "data" / "parks.csv").read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "/api/collections/nothing",
        "/api/collections/nothing/items",
        "/api/collections/pg_class/items",
        "/api/collections/pg_class/items?f=csv",
        "/api/collections/web.parks/items",
        "/api/collections/place/items",
        "/api/collections/parks/items/1",
        "/api/collections/parks/items/" + "٣" * 32,
        "/api/collections/parks/items/" + "9" * 5_000,
        "/api/collections/parks/items/00000000-0000-0000-0000-000000000000",
        "/api/nothing",
        "/api/tileMatrixSets",
        "/api/healthz",
    ],
)
def test_what_is_not_there_is_404(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")


def test_a_browser_gets_json_too(client: httpx.Client) -> None:
    answer = client.get("/api/collections", headers={"Accept": "text/html,*/*"})
    assert answer.headers["content-type"] == "application/json"


def test_head_is_get_without_the_body(client: httpx.Client) -> None:
    answer = client.head(ITEMS)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["etag"] == client.get(ITEMS).headers["etag"]


def test_writing_is_refused(client: httpx.Client) -> None:
    assert client.post(ITEMS, json={}).status_code == 405
    assert client.delete("/manifest.json").status_code == 405


def test_conformance_claims_only_what_is_done(client: httpx.Client) -> None:
    claims = client.get("/api/conformance").json()["conformsTo"]
    assert any(claim.endswith("features-1/1.0/conf/core") for claim in claims)
    assert not any("filter" in claim or "tiles" in claim for claim in claims)


def test_the_description_names_no_refused_parameter(client: httpx.Client) -> None:
    document = client.get("/api/openapi.json").json()
    items = document["paths"]["/collections/{collectionId}/items"]["get"]
    names = {parameter["name"] for parameter in items["parameters"]}
    assert {"limit", "bbox", "datetime"} <= names
    assert not names & {"filter", "filter-lang", "geom-column", "simplify"}


def test_it_reads_as_the_public_role(city: City) -> None:
    with psycopg.connect(city.settings.database_url) as connection:
        user = connection.execute("select current_user").fetchone()
        assert user == ("onemap_web",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from core.housing_communities")
