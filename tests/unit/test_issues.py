"""Issue messages are made by whole columns, from the declared words."""

from __future__ import annotations

import pyarrow as pa
import pytest

from geo.issues import ISSUE_SCHEMA, IssueCatalogue, gather
from schemas.catalogue import load_catalogue
from schemas.models import Severity

CATALOGUE = IssueCatalogue(load_catalogue().issue_codes)


def test_words_take_the_place_of_their_placeholders() -> None:
    made = CATALOGUE.make(
        "code_retired", [7, 9], column="dcode", value=pa.array(["104701", None]), detail="104702"
    )
    assert made.schema == ISSUE_SCHEMA
    assert made["message_en"].to_pylist() == [
        "The code 104701 is retired; 104702 is used instead.",
        "The code - is retired; 104702 is used instead.",
    ]
    assert made["source_row"].to_pylist() == [7, 9]
    assert made["column_name"].to_pylist() == ["dcode", "dcode"]


def test_a_value_with_braces_is_not_a_template() -> None:
    made = CATALOGUE.make("value_unreadable", [1], column="{value}", value="{detail}")
    assert "“{detail}” of column {value}" in made["message_en"][0].as_py()


def test_a_rule_may_be_stricter_than_its_code() -> None:
    made = CATALOGUE.make("value_sum", [1], severity=Severity.error)
    assert made["severity"].to_pylist() == ["error"]


def test_long_values_are_shortened_in_the_log() -> None:
    made = CATALOGUE.make("value_unreadable", [1], value="ก" * 1000)
    assert len(made["value"][0].as_py()) == 200


@pytest.mark.parametrize("code", sorted(CATALOGUE.codes))
def test_every_code_can_be_said(code: str) -> None:
    made = CATALOGUE.make(code, [1], column="c", value="v", detail="d")
    for language in ("message_th", "message_en"):
        assert "{" not in made[language][0].as_py()


def test_no_issues_are_an_empty_table() -> None:
    assert gather([]).num_rows == 0
    assert CATALOGUE.make("key_missing", []).num_rows == 0
