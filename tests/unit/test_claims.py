"""What rows claim of the administration becomes current codes, and doubts become issues."""

from __future__ import annotations

import pyarrow as pa

from geo.issues import IssueCatalogue
from geo.normalising.claims import ClaimReader, Claims, strip_prefixes
from geo.values.codes import AdminCodes
from schemas.catalogue import load_catalogue
from schemas.models import Place

CATALOG = load_catalogue()
BANGKOK = AdminCodes.for_province("10")


def read(place: Place, layer: str = "parks", **columns: list[str | None]) -> Claims:
    count = len(next(iter(columns.values())))
    rows = pa.table({"_row": pa.array(range(2, count + 2)), **columns})
    source = CATALOG.sources["bangkok_parks"].model_copy(update={"place": place, "columns": {}})
    catalogue = IssueCatalogue(CATALOG.issue_codes)
    return ClaimReader(rows, source, CATALOG.layers[layer], BANGKOK, catalogue).read()


def issues(claims: Claims) -> list[tuple[str, int, str]]:
    table = pa.concat_tables(claims.issues) if claims.issues else None
    if table is None:
        return []
    columns = (table[name].to_pylist() for name in ("code", "source_row", "severity"))
    return list(zip(*columns, strict=True))


def test_a_subdistrict_speaks_for_its_district_and_a_contradiction_is_said() -> None:
    place = Place(district_code="d", subdistrict_code="s")
    claims = read(place, d=["1001", "1002", None], s=["100101", "100101", "100202"])
    assert claims.district.to_pylist() == ["1001", "1001", "1002"]
    assert issues(claims) == [("claims_disagree", 3, "warning")]


def test_a_retired_subdistrict_is_no_contradiction() -> None:
    place = Place(district_code="d", subdistrict_name="s")
    claims = read(place, d=["1033"], s=["คลองเตยเหนือ"])
    assert claims.subdistrict.to_pylist() == ["103901"]
    assert [code for code, _, _ in issues(claims)] == ["code_retired"]


def test_prefixes_go_before_the_look_up() -> None:
    place = Place(subdistrict_code="s", strip_prefix=("TH",))
    assert read(place, s=["TH100101"]).subdistrict.to_pylist() == ["100101"]


def test_a_name_stands_in_for_a_code_that_is_missing() -> None:
    place = Place(district_code="d", district_name="n")
    claims = read(place, d=["1001", None, "9999"], n=["พระนคร", "เขตดุสิต", "ดุสิต"])
    assert claims.district.to_pylist() == ["1001", "1002", "1002"]
    assert issues(claims) == [("code_unknown", 4, "warning")]


def test_an_unknown_code_of_a_boundary_is_an_error() -> None:
    place = Place(district_code="d")
    assert issues(read(place, "districts", d=["1099"])) == [("code_unknown", 2, "error")]


def details(claims: Claims) -> list[tuple[str | None, str | None, str]]:
    """(agency's column, value, English message) of the issues."""
    table = pa.concat_tables(claims.issues)
    columns = (table[name].to_pylist() for name in ("column_name", "value", "message_en"))
    return list(zip(*columns, strict=True))


def test_a_place_that_names_nothing_claims_nothing() -> None:
    claims = read(Place(), x=["1", "2"])
    assert claims.district.to_pylist() == claims.subdistrict.to_pylist() == [None, None]
    assert claims.issues == []


def test_a_code_stands_above_a_name() -> None:
    """The name is not even reported where the code is known: it was not needed."""
    place = Place(district_code="d", district_name="n")
    claims = read(place, d=["1001", "1001", None], n=["ดุสิต", "ไม่มีจริง", "ไม่มีจริง"])
    assert claims.district.to_pylist() == ["1001", "1001", None]
    assert issues(claims) == [("place_name_unknown", 4, "warning")]


def test_a_subdistricts_code_stands_above_its_name() -> None:
    place = Place(subdistrict_code="s", subdistrict_name="n", district_code="d")
    names = ["วังบูรพาภิรมย์", "วชิรพยาบาล", "ไม่มีจริง"]
    claims = read(place, d=["1001", "1002", "1002"], s=["100101", None, "100202"], n=names)
    assert claims.subdistrict.to_pylist() == ["100101", "100202", "100202"]
    assert issues(claims) == []


def test_a_subdistricts_name_is_looked_up_in_the_district_of_its_row() -> None:
    place = Place(district_name="d", subdistrict_name="s")
    claims = read(place, d=["ทุ่งครุ", "จอมทอง", None], s=["บางมด", "บางมด", "บางมด"])
    assert claims.subdistrict.to_pylist() == ["104901", "103503", None]
    assert claims.district.to_pylist() == ["1049", "1035", None]
    assert issues(claims) == [("place_name_unknown", 4, "warning")]
    column, value, message = details(claims)[0]
    assert (column, value) == ("s", "บางมด")
    assert "104901" in message and "103503" in message, "a person is told which ones it may be"


def test_a_retired_name_is_said_with_its_successor_and_only_where_it_was_needed() -> None:
    place = Place(district_name="d", subdistrict_code="c", subdistrict_name="s")
    claims = read(place, d=["บางเขน"] * 2, c=[None, "103001"], s=["ลาดยาว"] * 2)
    assert claims.subdistrict.to_pylist() == ["103001", "103001"]
    assert issues(claims)[0] == ("code_retired", 2, "note")
    assert details(claims)[0][:2] == ("s", "ลาดยาว")
    assert "103001" in details(claims)[0][2]
    assert [code for code, _, _ in issues(claims)].count("code_retired") == 1


def test_a_district_that_was_right_before_the_boundaries_changed_is_no_contradiction() -> None:
    place = Place(district_code="d", subdistrict_code="s")
    claims = read(place, d=["1005", "1005"], s=["100501", "103001"])
    assert claims.district.to_pylist() == ["1030", "1030"]
    assert issues(claims) == [("code_retired", 2, "note"), ("claims_disagree", 3, "warning")]
    assert details(claims)[0][:2] == ("s", "100501")
    assert "103001" in details(claims)[0][2]
    assert details(claims)[1][:2] == ("d", "1005")
    assert "1030" in details(claims)[1][2]


def test_a_contradiction_of_names_is_shown_by_the_districts_column() -> None:
    place = Place(district_name="d", subdistrict_code="s")
    claims = read(place, d=["ดุสิต"], s=["100101"])
    assert details(claims)[0][0] == "d"
    assert claims.district.to_pylist() == ["1001"]


def test_a_district_that_is_retired_moves_nobody() -> None:
    """Only a subdistrict's change excuses its district."""
    place = Place(district_code="d", subdistrict_code="s")
    claims = read(place, d=["1002"], s=["100101"])
    assert issues(claims) == [("claims_disagree", 2, "warning")]


def test_a_retired_code_with_several_successors_is_told_by_the_name_beside_it() -> None:
    place = Place(subdistrict_code="s", subdistrict_name="n")
    claims = read(place, s=["104701", "104701"], n=["บางนาใต้", None])
    assert claims.subdistrict.to_pylist() == ["104703", None]
    assert [(code, row) for code, row, _ in issues(claims)][:2] == [
        ("code_retired", 2),
        ("code_ambiguous", 3),
    ]
    assert "104702" in details(claims)[1][2] and "104703" in details(claims)[1][2]


def of_boundaries(layer: str, name_column: object, place: Place, **columns: list[str]) -> Claims:
    count = len(next(iter(columns.values())))
    rows = pa.table({"_row": pa.array(range(2, count + 2)), **columns})
    names = {"name_th": {"column": name_column}} if name_column else {}
    source = CATALOG.sources["bangkok_parks"].model_copy(update={"place": place})
    source = type(source).model_validate(source.model_dump() | {"columns": names})
    catalogue = IssueCatalogue(CATALOG.issue_codes)
    return ClaimReader(rows, source, CATALOG.layers[layer], BANGKOK, catalogue).read()


def test_a_boundarys_own_name_tells_its_successor() -> None:
    place = Place(subdistrict_code="s")
    columns = {"s": ["104701"], "name": ["บางนาใต้"]}
    assert of_boundaries("subdistricts", "name", place, **columns).subdistrict.to_pylist() == [
        "104703"
    ]
    for layer, name in (("parks", "name"), ("districts", "name"), ("subdistricts", None)):
        claims = of_boundaries(layer, name, place, **columns)
        assert claims.subdistrict.to_pylist() == [None], "any other name is no boundary's own"


def test_doubts_about_a_boundarys_own_code_are_errors() -> None:
    place = Place(subdistrict_code="s")
    for layer, severity in (
        ("subdistricts", "error"),
        ("districts", "error"),
        ("parks", "warning"),
    ):
        assert issues(read(place, layer, s=["104701", "999999", "100501"])) == [
            ("code_unknown", 3, severity),
            ("code_retired", 4, "note"),
            ("code_ambiguous", 2, severity),
        ]


def test_a_place_name_that_is_unknown_is_no_error_even_of_a_boundary() -> None:
    assert issues(read(Place(district_name="n"), "districts", n=["ไม่มี"])) == [
        ("place_name_unknown", 2, "warning")
    ]


def test_a_misspelt_name_comes_with_a_suggestion() -> None:
    message = details(read(Place(district_name="n"), n=["บึ่งกุ่ม"]))[0][2]
    assert "1027 เขตบึงกุ่ม" in message


def test_prefixes_go_off_names_and_only_where_something_is_left() -> None:
    place = Place(district_name="n", strip_prefix=("กทม.", "กทม"))
    claims = read(place, n=["กทม.ดุสิต", " กทม ดุสิต", "กทม", "ดุสิต"])
    assert claims.district.to_pylist() == ["1002", "1002", None, "1002"]
    assert details(claims)[0][1] == "กทม"


def test_prefixes_are_tried_in_order_and_one_alone_goes() -> None:
    column = pa.array(["THA1", "TH1", "THTH1", "A1", " TH 1 ", None, "TH", "  x "])
    assert strip_prefixes(column, ("THA", "TH")).to_pylist() == [
        *("1", "1", "TH1", "A1", "1", None, "TH", "  x "),
    ]
    assert strip_prefixes(column, ()) is column
