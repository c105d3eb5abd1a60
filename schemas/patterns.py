"""Regular expressions of declarations, compiled by RE2, the engine that runs them.

A run matches them with pyarrow, whose engine is RE2 as well; `re` of Python takes what RE2 does not
(a lookahead, a backreference), and so would find out too late.
"""

from __future__ import annotations

import re2


def whole_value(pattern: str) -> str:
    """The pattern as it is run: the whole value has to match."""
    return f"^(?:{pattern})$"


def pattern_problem(pattern: str) -> str | None:
    """Why RE2 does not take a pattern; None if it does."""
    options = re2.Options()
    options.log_errors = False
    for text in (pattern, whole_value(pattern)):  # `a)(b` is one only when it is wrapped
        try:
            re2.compile(text, options)
        except re2.error as error:
            return _said(error)
    return None


def _said(error: re2.error) -> str:
    problem = error.args[0] if error.args else ""
    return problem.decode("utf-8", "replace") if isinstance(problem, bytes) else str(problem)
