"""Codes and names in the agencies' own files, when they are there."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyogrio
import pytest

from geo.values.codes import AdminCodes


@pytest.fixture(scope="module")
def bangkok() -> AdminCodes:
    return AdminCodes.for_province("10")


def test_every_community_resolves_by_district_code_and_name(
    bangkok: AdminCodes, shared: Path
) -> None:
    table = pacsv.read_csv(shared / "data/housing/community_population.csv")
    districts = bangkok.resolve_codes(table["dcode"], "district")
    found = bangkok.resolve_subdistricts(table["sdname"], districts.codes)
    assert (len(found.codes), found.codes.null_count) == (2003, 0)
    assert not (found.unknown | found.ambiguous | found.retired).any()
    by_name = bangkok.resolve_districts(table["dname"])
    assert by_name.codes.equals(districts.codes)


def test_the_180_khwaeng_of_bma_are_180_current_codes(bangkok: AdminCodes, shared: Path) -> None:
    path = shared / "data/boundaries/bma/BMA_ADMIN_SUB_DISTRICT.shp"
    table = pa.Table.from_pandas(pyogrio.read_dataframe(path, read_geometry=False))
    found = bangkok.resolve_codes(table["SUBDISTRIC"], "subdistrict", table["SUBDISTR_1"])
    assert set(found.codes.to_pylist()) == set(bangkok.subdistricts)
    assert table["SUBDISTRIC"].filter(pa.array(found.retired)).to_pylist() == ["104701"]
    differ = bangkok.names_differ(found.codes, table["SUBDISTR_1"])
    assert differ.sum() >= 24, "names cut by the DBF"


@pytest.mark.parametrize(
    ("archive", "province", "polygons"),
    [
        ("songkhla_tambon.zip", "90", 127),
        ("nakhon_phanom_tambon.zip", "48", 99),
        ("bangkok_tambon.zip", "10", 169),
    ],
)
def test_pcodes_of_ocha(archive: str, province: str, polygons: int, shared: Path) -> None:
    path = shared / f"data/boundaries/cod-ab/{archive}"
    table = pa.Table.from_pandas(pyogrio.read_dataframe(path, read_geometry=False))
    codes = AdminCodes.for_province(province)
    found = codes.resolve_codes(table["ADM3_PCODE"], "subdistrict", table["ADM3_TH"])
    assert len(found.codes) == polygons
    assert not found.unknown.any()
    assert found.codes.null_count == found.ambiguous.sum()
    retired = table["ADM3_PCODE"].filter(pa.array(found.ambiguous)).to_pylist()
    assert retired == (["TH104701", "TH105001"] if province == "10" else [])
