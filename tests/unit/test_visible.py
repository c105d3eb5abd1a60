"""What would act in a terminal is written out, and nothing of it is lost."""

from __future__ import annotations

import json

import pytest

from geo.values.visible import visible, visible_json


@pytest.mark.parametrize("acting", ["\u202e", "\x9b", "\u2066", "\U000e0041", "\ud800"])
def test_json_means_the_same_and_does_nothing(acting: str) -> None:
    value = {"name": f"a{acting}b\nc", "rows": [1, None]}
    text = visible_json(json.dumps(value, ensure_ascii=False, indent=1))
    assert acting not in text
    assert json.loads(text) == value
    assert text.count("\n") > 1, "lines between values stay"


def test_what_acts_is_written_as_python_writes_it() -> None:
    assert visible("a\u202eb\x1b[2J") == "a\\u202eb\\x1b[2J"
