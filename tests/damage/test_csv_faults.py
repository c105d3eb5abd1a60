"""CSV that used to lose rows, or to be refused whole: each fault by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from geo.reader.formats import delimited
from geo.reader.formats.csv_lines import Scanner, count_lines
from tests.damage.reading import Outcome, read_here
from tests.unit.deliveries import zipped

HEADER = ["id", "name", "lat", "lon"]


def lines(count: int) -> list[str]:
    return [",".join(HEADER), *(f"{i},สวน {i},13.7,100.5" for i in range(1, count + 1))]


def read(content: str | bytes | list[str], **options: Any) -> Outcome:
    text = "\n".join(content) + "\n" if isinstance(content, list) else content
    data = text.encode() if isinstance(text, str) else text
    return read_here("csv", {"x.csv": data}, **{"columns_hint": HEADER} | options)


def bad(outcome: Outcome) -> list[tuple[int, str]]:
    return [(row["row"], row["code"]) for row in outcome.bad]


def ids(outcome: Outcome) -> list[str]:
    return [row["id"] for row in outcome.rows]


def test_quote_opened_fifteen_rows_before_the_end_costs_one_row() -> None:
    content = lines(514)
    content[499] = content[499].replace("สวน", '"สวน')
    outcome = read(content)
    assert bad(outcome) == [(500, "quote_unclosed")]
    assert ids(outcome) == [str(i) for i in range(1, 515) if i != 499]
    assert '499,"สวน 499' in outcome.bad[0]["raw"]


def test_swallowed_text_that_ends_as_the_file_does_is_not_believed() -> None:
    content = lines(30)
    content[20] = content[20].replace("สวน", '"สวน')
    content.append("\x1eend,\x1eend,\x1eend,\x1eend,\x1eend")
    outcome = read(content)
    assert bad(outcome) == [(21, "quote_unclosed"), (32, "wrong_field_count")]
    assert outcome.accounted == 31


def test_two_stray_quotes_that_swallow_most_rows_are_refused() -> None:
    content = lines(1000)
    content[100] = content[100].replace("สวน", '"สวน')
    content[900] = content[900].replace(",13.7", '",13.7')
    outcome = read(content)
    assert outcome.refused == "too_many_bad_rows"


def test_rows_between_two_stray_quotes_are_each_a_bad_row() -> None:
    content = lines(1000)
    content[100] = content[100].replace("สวน", '"สวน')
    content[150] = content[150].replace(",13.7", '",13.7')
    outcome = read(content)
    assert bad(outcome) == [(row, "records_in_quotes") for row in range(101, 152)]
    assert outcome.bad[7]["raw"] == "107,สวน 107,13.7,100.5"
    assert ids(outcome) == [str(i) for i in range(1, 1001) if not 100 <= i <= 150]
    assert [row["_row"] for row in outcome.rows][98:100] == [100, 152]


def test_neighbouring_rows_joined_by_two_stray_quotes_are_both_bad() -> None:
    outcome = read(["id,name,lat,lon", '1,"a,2,3', '4,b",5,6', "7,c,8,9"])
    assert bad(outcome) == [(2, "records_in_quotes"), (3, "records_in_quotes")]
    assert ids(outcome) == ["7"]


def test_a_text_of_several_lines_stays_one_value() -> None:
    outcome = read(["id,name,lat,lon", '1,"หนึ่ง\r\n\r\nสอง, สาม",2,3', "4,b,5,6"])
    assert outcome.rows[0]["name"] == "หนึ่ง\r\n\r\nสอง, สาม"
    assert [row["_row"] for row in outcome.rows] == [2, 3]
    assert outcome.report["records"] == 2


def test_text_after_a_closing_quote_is_a_bad_row() -> None:
    outcome = read(["id,name,lat,lon", '1,"abc"def,2,3', "4,b,5,6", '7,"c" ,8,9'])
    assert bad(outcome) == [(2, "text_after_quote"), (4, "text_after_quote")]
    assert ids(outcome) == ["4"]


def test_quotes_inside_an_unquoted_field_and_doubled_ones_are_text() -> None:
    outcome = read(["id,name,lat,lon", '1,5" pipe,2,3', '4,"6"" pipe",5,6', '7,"",8,9'])
    assert [row["name"] for row in outcome.rows] == ['5" pipe', '6" pipe', ""]
    assert outcome.bad == []


def test_four_hundred_columns_are_read() -> None:
    names = [f"ช่องที่ {i} ของตาราง" for i in range(400)]
    rows = [",".join(f"{i}-{row}" for i in range(400)) for row in range(50)]
    outcome = read([",".join(names), *rows], columns_hint=names)
    assert len(outcome.rows) == 50
    assert outcome.rows[49][names[399]] == "399-49"


@pytest.mark.parametrize("last", ["", "\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_kind(end: str, last: str) -> None:
    outcome = read(end.join(lines(5)) + last)
    assert ids(outcome) == ["1", "2", "3", "4", "5"]
    assert outcome.bad == []


def test_line_ends_of_all_kinds_in_one_file() -> None:
    outcome = read("id,name,lat,lon\r\n1,a,2,3\r4,b,5,6\n\n\r\n7,c,8,9")
    assert [row["_row"] for row in outcome.rows] == [2, 3, 4]


@pytest.mark.parametrize(
    "encoded",
    [
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("cp874"),
        lambda text: ("sep=;\n" + text.replace(",", ";")).encode(),
        lambda text: text.replace(",", "\t").encode(),
        lambda text: text.replace(",", "|").encode(),
    ],
    ids=["utf-16", "bom", "cp874", "sep", "tab", "bar"],
)
def test_stray_quotes_in_every_dress(encoded: Callable[[str], bytes]) -> None:
    content = lines(200)
    content[100] = content[100].replace("สวน", '"สวน')
    content[110] = content[110].replace(",13.7", '",13.7')
    outcome = read(encoded("\n".join(content)))
    assert len(outcome.bad) == 11
    assert len(outcome.rows) == 189


def test_a_file_that_is_cut_in_a_record_has_a_bad_row() -> None:
    whole = "\n".join(lines(20))
    assert bad(read(whole[:-8])) == [(21, "wrong_field_count")]
    assert bad(read(whole[: -len("สวน 20,13.7,100.5")] + '"สว')) == [(21, "quote_unclosed")]


def test_a_nul_is_a_bad_row() -> None:
    content = lines(5000)
    content[4000] = content[4000].replace("สวน", "สว\0น")
    assert bad(read(content)) == [(4001, "encoding_unreadable")]


@pytest.mark.parametrize(
    "content", ["id,name,lat,lon", "id,name,lat,lon\n", "id,name,lat,lon\r\n\r\n"]
)
def test_a_header_alone_is_a_table_without_rows(content: str) -> None:
    outcome = read(content)
    assert outcome.refused is None
    assert outcome.rows == outcome.bad == []


def test_one_column_keeps_its_texts_of_several_lines() -> None:
    outcome = read('name\nสวน\n"สอง\nบรรทัด"\nวัด\n', columns_hint=["name"])
    assert [row["name"] for row in outcome.rows] == ["สวน", "สอง\nบรรทัด", "วัด"]


@pytest.mark.parametrize(
    "content",
    [
        'id,"name,lat,lon\n1,a,2,3\n4,b,5,6\n',
        'id,"name,lat,lon\n1,a,2,3\n4,b",5,6\n7,c,8,9\n',
        '"รายงาน\nid,name,lat,lon\n1,a,2,3\n4,b,5,6\n7,c,8,9"\n8,d,2,3\n',
    ],
    ids=["unclosed", "closed", "title"],
)
def test_a_header_that_swallows_records_is_refused(content: str) -> None:
    assert read(content).refused == "csv_unclosed_quote"


def test_a_header_of_several_lines_is_a_header() -> None:
    outcome = read('id,"name\n(ไทย)",lat,lon\n1,a,2,3\n', columns_hint=["id", "lat"])
    assert [row["_row"] for row in outcome.rows] == [2]
    assert outcome.report["columns"][1] == "name (ไทย)"


def test_files_longer_than_what_arrow_parses_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    content = lines(3000)
    content[1000] = '1000,"two\nlines",13.7,100.5'
    content[2000] = "2000,short"
    content[2500] = content[2500].replace("สวน", '"สวน')
    whole = read(content)
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 256)
    in_blocks = read(content)
    assert in_blocks.rows == whole.rows
    assert in_blocks.bad == whole.bad
    assert bad(whole) == [(2001, "wrong_field_count"), (2501, "quote_unclosed")]


@pytest.mark.parametrize(
    "line",
    ['"a","b","c","d"\n', '"a\nb",c,d,"e\nf"\n', 'a,"b,c,d\n', '"a"b,"c,d,e\n', '""\n', "\n", "\r"],
)
def test_scanning_takes_time_in_proportion(line: str) -> None:
    scanner = Scanner(",", 4)

    def seconds(count: int) -> float:
        text = (line * count).encode()
        taken = []
        for _ in range(3):
            started = time.process_time()
            scanner.scan(text, 0, len(text))
            taken.append(time.process_time() - started)
        return min(taken)

    seconds(100)
    assert seconds(10_000) < 40 * (seconds(1_000) + 0.001)


@pytest.mark.parametrize(
    ("text", "count"),
    [(b"", 0), (b"a", 1), (b"a\n", 1), (b"\r\na\r\n", 1), (b"a\r\rb\n\nc", 3), (b"\n\r\n", 0)],
)
def test_blank_lines_are_no_lines(text: bytes, count: int) -> None:
    assert count_lines(text, 0, len(text)) == count


def test_more_text_than_memory_holds_is_refused_before_it_is_read() -> None:
    content = "\n".join(lines(20_000)).encode()
    little = {"memory_bytes": 3 * len(content)}
    assert read(content, limits=little).refused == "too_large"
    packed = read_here("csv", {"x.zip": zipped({"x.csv": content})}, limits=little)
    assert packed.refused == "zip_too_large"
