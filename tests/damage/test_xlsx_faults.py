"""XLSX whose rows could be lost, or whose reading could take for ever: each fault by itself."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.damage.reading import Outcome, read_here
from tests.unit.deliveries import xlsx, zipped

HEAD = '<row r="1"><c r="A1" t="str"><v>id</v></c><c r="B1" t="str"><v>name</v></c></row>'


def row(number: int, *values: str, kind: str = "str") -> str:
    cells = (
        f'<c r="{chr(65 + at)}{number}" t="{kind}"><v>{value}</v></c>'
        for at, value in enumerate(values)
    )
    return f'<row r="{number}">{"".join(cells)}</row>'


def read(sheet: str, **options: Any) -> Outcome:
    return read_here("xlsx", {"x.xlsx": xlsx(sheet)}, **options)


def test_rows_are_counted_in_the_sheet_itself() -> None:
    outcome = read(HEAD + row(2, "1", "a") + row(9, "2", "b"))
    assert [line["_row"] for line in outcome.rows] == [2, 9]
    assert outcome.report["records"] == 2


def test_rows_under_one_number_are_not_written_over_each_other() -> None:
    outcome = read(HEAD + row(2, "1", "a") + row(2, "2", "b") + row(3, "3", "c"))
    assert outcome.refused == "rows_lost"


def test_rows_out_of_order_keep_their_numbers() -> None:
    outcome = read(row(3, "2", "b") + HEAD + row(2, "1", "a"))
    assert [(line["_row"], line["id"]) for line in outcome.rows] == [(2, "1"), (3, "2")]


def test_rows_without_numbers_stand_where_they_stand() -> None:
    nameless = "<row><c><v>1</v></c><c><v>2</v></c></row>"
    outcome = read(HEAD + nameless + nameless)
    assert [line["_row"] for line in outcome.rows] == [2, 3]


def test_rows_of_errors_and_empty_texts_alone_are_blank_and_said_to_be() -> None:
    outcome = read(HEAD + row(2, "#N/A", kind="e") + row(3, "", "") + row(4, "1", "a"))
    assert [line["_row"] for line in outcome.rows] == [4]
    assert (outcome.report["records"], outcome.report["blank_records"]) == (3, 2)


def test_rows_after_the_end_of_the_sheet_s_data_are_not_lost_unseen() -> None:
    outcome = read(f"{HEAD}{row(2, '1', 'a')}</sheetData><sheetData>{row(3, '2', 'b')}")
    assert outcome.refused == "rows_lost"


@pytest.mark.parametrize("cut", ['<row r="3"><c r="A3"><v>2</v>', '<row r="3"', "</row>"])
def test_a_sheet_that_is_cut_is_refused(cut: str) -> None:
    assert read(HEAD + row(2, "1", "a") + cut).refused == "xlsx_broken"


def test_texts_that_are_missing_are_no_empty_ones() -> None:
    assert read(HEAD + row(2, "7", kind="s")).refused == "xlsx_broken"


@pytest.mark.parametrize("address", ["A99999999", "ABCD1", "1A", "", "A-1"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    assert read(f'{HEAD}<row r="2"><c r="{address}"><v>1</v></c></row>').refused == "xlsx_broken"


def test_a_far_cell_is_refused_wherever_the_workbook_keeps_its_sheet() -> None:
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    prefixed = HEAD + far.replace("<c ", "<x:c ").replace("</c>", "</x:c>")
    assert read(HEAD + far).refused == "xlsx_too_many_cells"
    assert read(prefixed).refused is not None


@pytest.mark.parametrize(
    "filler",
    ['<c s="1" ' + "x " * 40, "<c " + "a='b' " * 40 + ">", '<row r="2">', "<c r='A2'><v>1</v></c>"],
)
def test_reading_takes_time_in_proportion(filler: str) -> None:
    def seconds(count: int) -> float:
        sheet = f"{HEAD}{filler * count}"
        taken = []
        for _ in range(2):
            started = time.process_time()
            read(sheet)
            taken.append(time.process_time() - started)
        return min(taken)

    seconds(10)
    assert seconds(20_000) < 40 * (seconds(2_000) + 0.005)


def test_an_entity_that_stands_across_two_blocks_is_seen() -> None:
    doctype = '<!DOCTYPE a [<!ENTITY b "c">]>'
    parts = {"[Content_Types].xml": b"<Types/>"}
    for shift in range(60, 75, 3):
        parts["xl/a.xml"] = f"{' ' * ((1 << 20) - shift)}{'x' * 55}{doctype}".encode()
        assert read_here("xlsx", {"x.xlsx": zipped(parts)}).refused == "xml_entities"


def test_a_workbook_is_refused_by_the_sizes_that_it_states() -> None:
    content = zipped({"[Content_Types].xml": b"<Types/>", "xl/a.bin": bytes(3 << 20)})
    outcome = read_here("xlsx", {"x.xlsx": content}, limits={"unpacked_bytes": 1 << 20})
    assert outcome.refused == "zip_too_large"
