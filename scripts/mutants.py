"""Mutants: every small change that could be made to a module, each as a new source text.

A mutant replaces one node's own characters, so that its diff is one line that a person can judge.
What only people read (documentation, messages, annotations) is left alone: a test of its wording
would repeat the wording.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Change: TypeAlias = tuple[str, ast.AST]
"""Name of the operator, and what stands in a node's place."""

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_WHOLE_COLUMNS = {  # comparisons and logic of whole columns are calls, which no operator shows
    "less": ("less_equal", "greater"),
    "greater": ("greater_equal", "less"),
    "less_equal": ("less",),
    "greater_equal": ("greater",),
    "equal": ("not_equal",),
    "not_equal": ("equal", "less"),
    "and_": ("or_",),
    "or_": ("and_",),
    "is_null": ("is_valid",),
    "is_valid": ("is_null",),
    "any": ("all",),
    "all": ("any",),
    "logical_or": ("logical_and",),
    "zeros": ("ones",),
    "zeros_like": ("ones_like",),
    "min": ("max",),
    "startswith": ("endswith",),
    "removeprefix": ("removesuffix",),
}
_EITHER_ORDER = frozenset(  # their arguments swapped are the same call
    ("and_", "or_", "add", "equal", "not_equal", "distance", "logical_or", "_metres_between")
)
_TEXTS_FOR_PEOPLE = (
    *("Bilingual", "UnknownCrs", "_refused", "ConfigurationError", "Operation"),
    *("Broken",),  # an exception that carries its reason, and is caught for what it is
)


@dataclass(frozen=True)
class Mutant:
    """A module with one change. `line` is where the changed statement's text begins."""

    path: Path
    line: int
    change: str
    source: str


def mutants_of(path: Path) -> list[Mutant]:
    """All mutants of one module, in the order of its text."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    found = [
        Mutant(path, node.lineno, change, _replaced(text, node, new))
        for node in _working(tree)
        if isinstance(node, ast.expr | ast.stmt)
        for operator in _OPERATORS
        for change, new in operator(node)
    ]
    return [mutant for mutant in found if mutant.source != text and _compiles(mutant.source)]


def _working(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that do something, without annotations, documentation and messages."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _for_people(child):
                yield child
                yield from _working(child)


def _for_people(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.Assign) and "__all__" in map(ast.unparse, node.targets):
        return True
    if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith(("TypeVar", "Literal")):
        return True
    if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias":
        return True
    if isinstance(node, ast.keyword) and node.arg == "strict":
        return True  # of `zip`: an assertion, which fails in no program that is right
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in _TEXTS_FOR_PEOPLE
    return isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom)


def _comparison(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            for other in _COMPARISONS[type(operator)]:
                operators = [*node.ops[:place], other(), *node.ops[place + 1 :]]
                yield "comparison", _with(node, ops=operators)


def _boolean(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.BoolOp):
        other: ast.boolop = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "boolean", _with(node, op=other)
        for operand in node.values:
            rest = [value for value in node.values if value is not operand]
            yield "operand dropped", rest[0] if len(rest) == 1 else _with(node, values=rest)


def _arithmetic(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            yield "arithmetic", _with(node, op=_ARITHMETIC[type(node.op)]())
        case ast.UnaryOp(op=ast.Not() | ast.Invert() | ast.USub()):
            yield "sign or negation", node.operand


def _constant(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Constant(value=bool(value)):
            yield "constant", ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield "constant", ast.Constant(value + 1)
        case ast.Constant(value=str(value)):
            yield "constant", ast.Constant(f"XX{value}")


def _call(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Attribute() if node.attr in _WHOLE_COLUMNS:
            for name in _WHOLE_COLUMNS[node.attr]:
                yield "whole column", _with(node, attr=name)
        case ast.Call() if _has_an_order(node):
            first, second, *others = node.args
            yield "swapped arguments", _with(node, args=[second, first, *others])


def _condition(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield "negated condition", _with(node, test=ast.UnaryOp(ast.Not(), node.test))
    if isinstance(node, ast.If) and _leaves(node.body[-1]):
        yield "guard removed", _with(node, test=ast.Constant(False))
    for place, loop in enumerate(getattr(node, "generators", [])):
        if loop.ifs:
            changed = copy.deepcopy(node)
            changed.generators[place].ifs = []  # type: ignore[attr-defined]
            yield "filter removed", changed


def _statement(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Return() if not _is_none(node.value):
            yield "returned None", ast.Return(ast.Constant(None))
        case ast.Expr() | ast.AugAssign() | ast.Continue() | ast.Break():
            yield "statement removed", ast.Pass()
        case ast.Assign() if _reassigns(node):
            yield "statement removed", ast.Pass()


_OPERATORS = (_comparison, _boolean, _arithmetic, _constant, _call, _condition, _statement)


def _leaves(node: ast.stmt) -> bool:
    return isinstance(node, ast.Return | ast.Continue | ast.Raise | ast.Break)


def _reassigns(node: ast.Assign) -> bool:
    """Whether the program runs on without it: it changes a name or a part that is there already."""
    target = node.targets[0]
    if isinstance(target, ast.Subscript | ast.Attribute):
        return True
    names = {name.id for name in ast.walk(target) if isinstance(name, ast.Name)}
    return names <= {name.id for name in ast.walk(node.value) if isinstance(name, ast.Name)}


def _is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def _has_an_order(call: ast.Call) -> bool:
    """Whether its first two arguments may be swapped, and it would matter."""
    name = ast.unparse(call.func).rpartition(".")[2]
    starred = any(isinstance(argument, ast.Starred) for argument in call.args[:2])
    return len(call.args) > 1 and not starred and name not in _EITHER_ORDER


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _replaced(text: str, node: ast.expr | ast.stmt, new: ast.AST) -> str:
    """The text with the characters of `node` replaced; positions of ast count bytes."""
    lines = text.encode().splitlines(keepends=True)
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    start = sum(map(len, lines[:first])) + node.col_offset
    end = sum(map(len, lines[:last])) + (node.end_col_offset or 0)
    written = ast.unparse(ast.fix_missing_locations(copy.deepcopy(new)))
    if isinstance(node, ast.expr):
        written = f"({written})"
    elif isinstance(new, ast.stmt):
        written = written.replace("\n", "\n" + " " * node.col_offset)
    whole = text.encode()
    return (whole[:start] + written.encode() + whole[end:]).decode()


def _compiles(source: str) -> bool:
    try:
        compile(source, "<mutant>", "exec")
    except SyntaxError:
        return False
    return True
