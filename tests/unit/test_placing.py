"""An accepted row stands in the areas that hold it, else in those that it claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, replace

import pyarrow as pa
import pytest
import shapely

from geo.space.areas import AdminAreas, Areas
from geo.states import Judged
from geo.validate import validate
from tests.unit.heart import AREA, CATALOGUE, city, layer, normalised, said, source
from tests.unit.test_validate import judged

IN_WEST, IN_EAST = shapely.Point(100.49, 13.75), shapely.Point(100.51, 13.75)
FAR = shapely.Point(100.6, 13.9)
NAMES = {"name_th": ["ก"], "name_en": ["a"]}


def accepted(
    shape: shapely.Geometry | None,
    district: str | None = None,
    subdistrict: str | None = None,
    admin: AdminAreas | None = None,
    role: str = "place",
) -> Judged:
    delivery = normalised(["a"], [shape], [district], [subdistrict], **NAMES)
    return validate(delivery, source(), layer(role=role), AREA, admin, CATALOGUE)


def stands(found: Judged) -> tuple[object, ...]:
    """(district, subdistrict, how exactly)"""
    assert found.rows.num_rows == 1
    row = found.rows.to_pylist()[0]
    return row["district_code"], row["subdistrict_code"], row["location_precision"]


@pytest.mark.parametrize("role", ["place", "area"])
def test_the_place_speaks_before_the_claim(role: str) -> None:
    found = accepted(IN_WEST, "1002", "100201", city(), role)
    assert stands(found) == ("1001", "100101", "exact")
    assert found.rows["claimed_subdistrict_code"].to_pylist() == ["100201"]


@pytest.mark.parametrize(
    ("claims", "standing"),
    [
        (("1002", None), ("1002", None, "district")),
        (("1002", "100201"), ("1002", "100201", "subdistrict")),
        ((None, "100201"), ("1002", "100201", "subdistrict")),
    ],
)
def test_without_a_position_the_claim_speaks(
    claims: Sequence[str | None], standing: tuple[object, ...]
) -> None:
    for admin in (city(), None):
        assert stands(accepted(None, *claims, admin)) == standing


def test_before_there_are_boundaries_the_claim_speaks_for_positions_too() -> None:
    assert stands(accepted(IN_WEST, "1002")) == ("1002", None, "exact")
    assert stands(accepted(IN_WEST)) == (None, None, "exact")


@pytest.mark.parametrize("role", ["district", "subdistrict"])
def test_boundaries_are_not_placed_by_boundaries(role: str) -> None:
    assert stands(accepted(IN_WEST, "1002", "100201", city(), role)) == ("1002", "100201", "exact")


def test_subdistricts_place_rows_while_there_are_no_districts_to_judge_them_by() -> None:
    whole = city()
    districts = Areas(*(part[:0] for part in astuple(whole.districts)))
    admin = replace(whole, districts=districts)
    assert not admin.complete
    found = accepted(IN_EAST, "1001", None, admin)
    assert stands(found) == ("1002", "100201", "exact")
    assert said(found.issues) == []
    assert stands(accepted(FAR, "1001", None, admin)) == ("1001", None, "exact")


def test_rows_that_are_quarantined_move_no_other_row() -> None:
    delivery = normalised(
        [None, "a", "b"],
        [IN_WEST, IN_EAST, None],
        [None] * 3,
        [None, None, "100101"],
        name_th=["ก"] * 3,
        name_en=["a"] * 3,
    )
    found = judged(delivery)
    assert found.accepted["subdistrict_code"].to_pylist() == ["100201", "100101"]
    assert found.accepted["location_precision"].to_pylist() == ["exact", "subdistrict"]
    assert found.accepted.schema.field("district_code").type == pa.string()
