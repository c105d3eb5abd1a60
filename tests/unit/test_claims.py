"""What rows claim of the administration becomes current codes, and doubts become issues."""

from __future__ import annotations

import pyarrow as pa

from geo.issues import IssueCatalogue
from geo.normalising.claims import ClaimReader, Claims
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
