"""
How large things may grow: functions, modules, tests, nesting, scenarios. It refuses to judge what they do.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.tidy.checks.tree import Breach, files, modules

FUNCTION_LINES = 70
MODULE_LINES = 600
TEST_LINES = 40
NESTING = 4
SCENARIO_LINES = 40

# `path::name` of what may break a wall for now. It started empty and may only shrink.
EXCEPTIONS: frozenset[str] = frozenset()
EXCEPTIONS_MAX = 0

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def check_sizes(root: Path, *, exceptions: frozenset[str] = EXCEPTIONS) -> list[Breach]:
    """
    Every function, test and module beyond its wall, every function nested too deep.
    """
    found: list[Breach] = []
    for path, text, tree in modules(root):
        lines = text.count("\n")
        if lines > MODULE_LINES and path not in exceptions:
            found.append(Breach(path, 1, f"module of {lines} lines; the wall is {MODULE_LINES}"))
        for function in _functions(tree):
            if f"{path}::{function.name}" not in exceptions:
                found.extend(_judge(path, function))
    return found


def needless_exceptions(root: Path, *, exceptions: frozenset[str] = EXCEPTIONS) -> frozenset[str]:
    """
    Exceptions that nothing needs any longer.
    """
    if not exceptions:
        return frozenset()
    breaches = check_sizes(root, exceptions=frozenset())
    return frozenset(name for name in exceptions if name.split("::")[0] not in {breach.path for breach in breaches})


def check_scenarios(root: Path) -> list[Breach]:
    """
    Every scenario file of 40 lines and more: it wants to be a machine.
    """
    return [
        Breach(path, SCENARIO_LINES, f"a scenario stays under {SCENARIO_LINES} lines")
        for path in files(root)
        if path.startswith("scenarios/") and path.endswith((".yaml", ".yml")) and "/profiles/" not in path
        if len((root / path).read_text(encoding="utf-8").splitlines()) >= SCENARIO_LINES
    ]


def _functions(tree: ast.Module) -> Iterator[_Function]:
    return (node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS))


def _judge(path: str, function: _Function) -> Iterator[Breach]:
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    is_test = path.startswith("tests/") and function.name.startswith("test_")
    wall = TEST_LINES if is_test else FUNCTION_LINES
    if lines > wall:
        yield Breach(path, function.lineno, f"{function.name} has {lines} lines; the wall is {wall}")
    depth = _depth(function.body)
    if depth > NESTING:
        yield Breach(path, function.lineno, f"{function.name} is nested {depth} deep; the wall is {NESTING}")


def _depth(body: list[ast.stmt]) -> int:
    return max((_depth_of(statement) for statement in body), default=0)


def _depth_of(statement: ast.stmt) -> int:
    if not isinstance(statement, _BLOCKS):
        return 0
    inner = [_depth(block) for block in _bodies(statement)]
    if isinstance(statement, ast.If) and len(statement.orelse) == 1 and isinstance(statement.orelse[0], ast.If):
        # An `elif` is written inside the `else`, but read beside the `if`.
        return max(1 + _depth(statement.body), _depth_of(statement.orelse[0]))
    return 1 + max(inner, default=0)


def _bodies(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        yield getattr(statement, name, [])
    for name in ("handlers", "cases"):
        yield from (part.body for part in getattr(statement, name, []))
