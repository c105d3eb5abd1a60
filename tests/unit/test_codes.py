"""Administrative codes: what is current, what was abolished, and what is only a slip of the pen."""

from __future__ import annotations

from dataclasses import replace

import geothai
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import ConfigurationError
from geo.values.codes import AdminArea, AdminCodes, Level, Resolved


@pytest.fixture(scope="module")
def bangkok() -> AdminCodes:
    return AdminCodes.for_province("10")


@pytest.fixture(scope="module")
def songkhla() -> AdminCodes:
    return AdminCodes.for_province("90")


def strings(*values: str | None) -> pa.Array:
    return pa.array(values, pa.string())


def outcome(found: Resolved) -> str | None:
    """The code, or the one mask that is set, of a single row."""
    masks = {"unknown": found.unknown, "ambiguous": found.ambiguous}
    said = [name for name, mask in masks.items() if mask[0]]
    code: str | None = found.codes.to_pylist()[0]
    assert len(said) + (code is not None) <= 1
    return said[0] if said else code


def test_bangkok_has_50_districts_and_180_subdistricts(bangkok: AdminCodes) -> None:
    assert (len(bangkok.districts), len(bangkok.subdistricts)) == (50, 180)


def test_a_province_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="province"):
        AdminCodes.for_province("99")


@pytest.mark.parametrize(
    "written", ["1001", "1001.0", " 1001 ", "TH1001", "th1001", "๑๐๐๑", "001001", "100100", "10-01"]
)
def test_codes_as_agencies_write_them(bangkok: AdminCodes, written: str) -> None:
    assert outcome(bangkok.resolve_codes(strings(written), "district")) == "1001"


@pytest.mark.parametrize(
    ("written", "level"),
    [
        ("1051", "district"),
        ("9001", "district"),
        ("abc", "district"),
        ("1099", "district"),
        ("1e3", "district"),
        ("-1001", "subdistrict"),
        ("100101", "district"),
        ("100100", "subdistrict"),
        ("100599", "subdistrict"),  # abolished, and nobody says what came after
    ],
)
def test_codes_that_are_none(bangkok: AdminCodes, written: str, level: Level) -> None:
    assert outcome(bangkok.resolve_codes(strings(written), level)) == "unknown"


@pytest.mark.parametrize("written", [None, "", "  ", "\u200b"])
def test_nothing_is_not_unknown(bangkok: AdminCodes, written: str | None) -> None:
    found = bangkok.resolve_codes(strings(written), "district")
    assert outcome(found) is None
    assert not found.retired[0]
    assert found.suggestions.to_pylist() == [None]


@pytest.mark.parametrize("written", [None, "", "  ", "\u200b", "-", ". .", "district"])
def test_a_name_of_nothing_is_not_unknown(bangkok: AdminCodes, written: str | None) -> None:
    assert outcome(bangkok.resolve_districts(strings(written))) is None
    for district in ("1001", None):
        found = bangkok.resolve_subdistricts(strings(written), strings(district))
        assert outcome(found) is None
    assert not bangkok.names_differ(strings("1001"), strings(written)).any()
    told = bangkok.resolve_codes(strings("104701"), "subdistrict", strings(written))
    assert outcome(told) == "ambiguous"
    assert told.suggestions.to_pylist() == ["104702 บางนาเหนือ, 104703 บางนาใต้"]


def test_numbers_are_codes_too(bangkok: AdminCodes) -> None:
    column = pa.chunked_array([pa.array([1001.0, None]), pa.array([1050.0])])
    assert bangkok.resolve_codes(column, "district").codes.to_pylist() == ["1001", None, "1050"]


def test_a_retired_code_with_one_successor_is_mapped(bangkok: AdminCodes) -> None:
    found = bangkok.resolve_codes(strings("100501", "103001"), "subdistrict")
    assert found.codes.to_pylist() == ["103001", "103001"]
    assert found.retired.tolist() == [True, False]
    assert found.suggestions.to_pylist() == [None, None], "there is nothing to choose"


def test_a_code_with_one_successor_is_mapped_whatever_the_name_says(bangkok: AdminCodes) -> None:
    found = bangkok.resolve_codes(strings("100501"), "subdistrict", strings("บางนา"))
    assert outcome(found) == "103001"


def test_a_code_without_successors_is_unknown(bangkok: AdminCodes) -> None:
    assert outcome(bangkok.resolve_codes(strings("100599"), "subdistrict")) == "unknown"
    assert outcome(bangkok.resolve_subdistricts(strings("บ้านทะวาย"), strings(None))) == "unknown"


def test_what_is_official_is_that_of_one_province(bangkok: AdminCodes) -> None:
    areas, successors, names, former = bangkok.content
    assert {code[:2] for code, *_ in areas} == {code[:2] for code, _ in successors} == {"10"}
    assert {parent[:2] for parent, *_ in [*names, *former]} == {"10"}


def test_what_went_to_another_province_is_unknown_in_the_old_one() -> None:
    """Bueng Kan was a part of Nong Khai until 2011."""
    nong_khai = AdminCodes.for_province("43")
    assert outcome(nong_khai.resolve_codes(strings("4303"), "district")) == "unknown"
    assert outcome(nong_khai.resolve_codes(strings("430301"), "subdistrict")) == "unknown"


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        ("104701", "บางนาเหนือ", "104702"),
        ("104701", "แขวงบางนาใต้", "104703"),
        ("104701", "Bang Na Tai", "104703"),
        ("104701", "บางนาเ", "104702"),  # cut by a DBF, and still only one
        ("104701", "บางนา", "ambiguous"),
        ("104701", None, "ambiguous"),
        ("105001", "บางบอนใต้", "105003"),
        ("105001", "คลองบางบอน", "105005"),
        ("105001", "คลองบางบอนใต้", "ambiguous"),  # no official name
        ("105001", "บางบอน", "ambiguous"),
    ],
)
def test_several_successors_are_told_apart_by_name(
    bangkok: AdminCodes, code: str, name: str | None, expected: str
) -> None:
    found = bangkok.resolve_codes(strings(code), "subdistrict", strings(name))
    assert outcome(found) == expected
    if expected == "ambiguous":
        assert expected[:6] not in found.suggestions.to_pylist()[0]
        assert found.suggestions.to_pylist()[0].startswith(code[:4])
        assert not found.retired[0]
    else:
        assert found.retired[0]


def test_a_whole_name_is_not_taken_for_the_beginning_of_another(bangkok: AdminCodes) -> None:
    longer = AdminArea("104703", "บางนาเหนือบน", "Bang Na Nuea Bon")
    codes = replace(bangkok, _areas=bangkok._areas | {"104703": longer})
    for name in ("บางนาเหนือ", "Bang Na Nuea"):
        assert outcome(codes.resolve_codes(strings("104701"), "subdistrict", strings(name))) == (
            "104702"
        )


def test_names_never_overrule_a_current_code(bangkok: AdminCodes) -> None:
    found = bangkok.resolve_codes(strings("104702"), "subdistrict", strings("บางนาใต้"))
    assert outcome(found) == "104702"


@pytest.mark.parametrize(
    "written",
    [
        "จตุจักร",
        "เขตจตุจักร",
        "เขต จตุจักร",
        "ท้องถิ่นเขตจตุจักร",
        "สำนักงานเขตจตุจักร",
        "Chatuchak",
        "Khet Chatuchak",
        "CHATUCHAK DISTRICT",
    ],
)
def test_districts_by_name(bangkok: AdminCodes, written: str) -> None:
    assert outcome(bangkok.resolve_districts(strings(written))) == "1030"


def test_sara_am_in_two_pieces(bangkok: AdminCodes) -> None:
    found = bangkok.resolve_subdistricts(strings("ส\u0e4d\u0e32ราญราษฎร์"), strings("1001"))
    assert outcome(found) == "100104"


def test_a_misspelt_name_is_unknown_with_a_suggestion(bangkok: AdminCodes) -> None:
    found = bangkok.resolve_districts(strings("บึ่งกุ่ม"))
    assert outcome(found) == "unknown"
    assert found.suggestions.to_pylist() == ["1027 เขตบึงกุ่ม"]


def test_a_suggestion_comes_from_the_same_district_or_has_the_same_name(
    bangkok: AdminCodes,
) -> None:
    names = strings("วังบูรพาภิรมณ์", "จันทรเกษมม", "ไม่มีที่ใด")
    found = bangkok.resolve_subdistricts(names, strings("1001", "1001", "1001"))
    assert found.unknown.all()
    assert found.suggestions.to_pylist() == ["100102 วังบูรพาภิรมย์", None, None]


def test_a_subdistrict_belongs_to_the_district_of_its_row(bangkok: AdminCodes) -> None:
    names = strings("บางจาก", "บางจาก", "บางมด", "บางมด", "บางกะปิ", "บางกะปิ")
    districts = strings("1009", "1022", "1035", "1049", "1017", "1006")
    found = bangkok.resolve_subdistricts(names, districts)
    codes = found.codes.to_pylist()
    assert [code and code[:4] for code in codes] == ["1009", "1022", "1035", "1049", "1017", None]
    assert found.unknown.tolist() == [False] * 5 + [True]
    assert found.suggestions.to_pylist()[5] == "101702 บางกะปิ"


def test_without_district_a_name_must_be_unique_in_the_province(bangkok: AdminCodes) -> None:
    found = bangkok.resolve_subdistricts(
        strings("บางจาก", "คลองกุ่ม", "ไม่มี"), strings(None, None, None)
    )
    assert found.codes.to_pylist() == [None, "102701", None]
    assert found.ambiguous.tolist() == [True, False, False]
    assert found.unknown.tolist() == [False, False, True]


def test_names_abolished_are_mapped_as_codes_are(bangkok: AdminCodes) -> None:
    districts = bangkok.resolve_districts(strings("บางนา", "บางเขน", "บางนา"))
    names = strings("บางนา", "ลาดยาว", "บางนาใต้")
    subdistricts = bangkok.resolve_subdistricts(names, districts.codes)
    assert districts.codes.to_pylist() == ["1047", "1005", "1047"]
    assert subdistricts.codes.to_pylist() == [None, "103001", "104703"]
    assert subdistricts.ambiguous.tolist() == [True, False, False]
    assert subdistricts.retired.tolist() == [False, True, False]


@pytest.mark.parametrize("written", ["เมืองสงขลา", "อ.เมืองสงขลา", "อ. เมือง", "อำเภอเมือง", "Mueang"])
def test_the_capital_district_has_a_short_name(songkhla: AdminCodes, written: str) -> None:
    assert outcome(songkhla.resolve_districts(strings(written))) == "9001"


def test_bangkok_has_no_capital_district(bangkok: AdminCodes) -> None:
    assert outcome(bangkok.resolve_districts(strings("เมือง"))) == "unknown"


def test_official_names_by_code(bangkok: AdminCodes) -> None:
    thai, english = bangkok.official_names(strings("1030", "104702", "104701", None))
    assert thai.to_pylist() == ["เขตจตุจักร", "บางนาเหนือ", None, None]
    assert english.to_pylist() == ["Chatuchak", "Bang Na Nuea", None, None]


def test_names_that_differ_from_their_code(bangkok: AdminCodes) -> None:
    codes = strings("1030", "1030", "100102", "100107", "100107", None, "104701")
    names = strings("จตุจักร", "Chatuchak", "วังบูรพาภิร", "วัดบวรนิเวศ", None, "ก", "ก")
    differ = bangkok.names_differ(codes, names)
    assert differ.tolist() == [False, False, True, True, False, False, False]


@pytest.mark.parametrize("code", [province.code for province in geothai.provinces()])
def test_every_official_area_resolves_to_itself(code: str) -> None:
    codes = AdminCodes.for_province(code)
    subdistricts = list(codes.subdistricts.values())
    own = strings(*[area.code for area in subdistricts])
    parents = strings(*[area.code[:4] for area in subdistricts])
    assert codes.resolve_codes(own, "subdistrict").codes.equals(own)
    for names in ([a.name_th for a in subdistricts], [f"ตำบล{a.name_th}" for a in subdistricts]):
        assert codes.resolve_subdistricts(strings(*names), parents).codes.equals(own)
    districts = list(codes.districts.values())
    found = codes.resolve_districts(strings(*[a.name_th for a in districts]))
    assert found.codes.to_pylist() == [a.code for a in districts]


@given(st.lists(st.one_of(st.none(), st.text(max_size=8)), max_size=8))
def test_no_input_raises_and_every_value_is_accounted_for(values: list[str | None]) -> None:
    codes = AdminCodes.for_province("27")
    column = strings(*values)
    for found in (codes.resolve_codes(column, "subdistrict"), codes.resolve_districts(column)):
        assert len(found.codes) == len(values)
        resolved = found.codes.is_valid().to_numpy(zero_copy_only=False)
        assert not (resolved & (found.unknown | found.ambiguous)).any()


def test_a_name_that_two_areas_of_one_parent_bear_is_ambiguous() -> None:
    """San Sai and Bang Sai: in English two areas of one parent are spelt alike."""
    chiang_mai, ayutthaya = AdminCodes.for_province("50"), AdminCodes.for_province("14")
    found = chiang_mai.resolve_subdistricts(strings("Mae Kha"), strings("5009"))
    assert outcome(found) == "ambiguous"
    suggestion = found.suggestions.to_pylist()[0]
    assert "500910" in suggestion and "500911" in suggestion
    found = ayutthaya.resolve_districts(strings("Bang Sai"))
    assert outcome(found) == "ambiguous"
    assert [part[:4] for part in found.suggestions.to_pylist()[0].split(", ")] == ["1404", "1413"]
