"""Patterns are compiled at lint time by the engine that runs them."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from schemas.patterns import pattern_problem, whole_value

PATTERNS = [
    *(r"[0-9]{2}", r"\d+", r"[ก-๙]+", r"\p{Thai}+", r"(?i)a", r"a|b", r"(?P<x>a)", r"(?<x>a)", r""),
    *(
        r"a{1000}",
        r"\bx\b",
        r"[[:alpha:]]",
        r"\x{0e01}",
        r"a*?",
        r"(?s).",
        r"\Qa.b\E",
        r"\C",
        r"\z",
    ),
    # what Python's `re` takes, and RE2 does not
    *(r"(?=a)b", r"(?!a)b", r"(?<=a)b", r"(?<!a)b", r"(a)\1", r"(?P=x)", r"a{1001}", r"(?(1)a|b)"),
    *(r"a++", r"a*+", r"(?>a)", r"\Z", r"\u0e01", r"(?#x)a", r"(?x) a", r"(?u)a", r"\N{BULLET}"),
    # what neither takes, and what is one only in our wrapping
    *(r"(", r")", r"[", r"a)(b", r"a)|(b", r"*", r"\\", "\\", r"[z-a]", r"((a{100}){100}){100}"),
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_lint_and_a_run_take_the_same_patterns(pattern: str) -> None:
    try:
        pc.match_substring_regex(pa.array(["a", "กข", None]), whole_value(pattern))
        runs = True
    except pa.ArrowInvalid:
        runs = False
    problem = pattern_problem(pattern)
    if problem is None:
        assert runs
    elif runs:
        assert pattern in {r"a)(b", r"a)|(b"}, problem


def test_what_is_wrong_is_told() -> None:
    assert "(?=" in str(pattern_problem(r"(?=a)b"))
    assert "missing )" in str(pattern_problem("("))
