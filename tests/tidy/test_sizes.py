"""
Nothing outgrows its wall.
"""

from pathlib import Path

from tests.tidy.checks.sizes import (
    EXCEPTIONS,
    EXCEPTIONS_MAX,
    FUNCTION_LINES,
    MODULE_LINES,
    NESTING,
    TEST_LINES,
    check_scenarios,
    check_sizes,
    needless_exceptions,
)
from tests.tidy.checks.tree import REPO, plant, told


def _function(name: str, lines: int) -> str:
    return f"def {name}():\n" + "    pass\n" * (lines - 1)


def _nested(deep: int) -> str:
    return "def f():\n" + "".join("    " * n + "if n:\n" for n in range(1, deep + 1)) + "    " * (deep + 1) + "pass\n"


def test_nothing_outgrows_its_wall():
    breaches = check_sizes(REPO)

    assert not breaches, told(breaches)


def test_the_list_of_exceptions_only_shrinks():
    assert len(EXCEPTIONS) <= EXCEPTIONS_MAX
    assert not needless_exceptions(REPO)


def test_an_exception_that_nothing_needs_is_named(tmp_path: Path):
    plant(tmp_path, {"a.py": _function("f", 3)})

    assert needless_exceptions(tmp_path, exceptions=frozenset({"a.py::f"})) == {"a.py::f"}


def test_scenarios_stay_short_stories():
    breaches = check_scenarios(REPO)

    assert not breaches, told(breaches)


def test_a_long_function_is_caught(tmp_path: Path):
    plant(tmp_path, {"a.py": _function("f", FUNCTION_LINES), "b.py": _function("g", FUNCTION_LINES + 1)})

    assert [(breach.path, breach.line) for breach in check_sizes(tmp_path)] == [("b.py", 1)]


def test_a_method_inside_a_class_is_measured_too(tmp_path: Path):
    method = _function("f", FUNCTION_LINES + 1).replace("\n", "\n    ")
    plant(tmp_path, {"a.py": f"class A:\n    {method}\n"})

    assert [breach.line for breach in check_sizes(tmp_path)] == [2]


def test_a_long_test_is_caught_at_its_own_wall(tmp_path: Path):
    long = _function("test_f", TEST_LINES + 1)
    plant(tmp_path, {"tests/test_a.py": long, "tests/help.py": _function("f", TEST_LINES + 1), "a.py": long})

    assert [breach.path for breach in check_sizes(tmp_path)] == ["tests/test_a.py"]


def test_a_long_module_is_caught(tmp_path: Path):
    plant(tmp_path, {"a.py": "x = 1\n" * MODULE_LINES, "b.py": "x = 1\n" * (MODULE_LINES + 1)})

    assert [breach.path for breach in check_sizes(tmp_path)] == ["b.py"]


def test_deep_nesting_is_caught(tmp_path: Path):
    plant(tmp_path, {"a.py": _nested(NESTING), "b.py": _nested(NESTING + 1)})

    assert [breach.path for breach in check_sizes(tmp_path)] == ["b.py"]


def test_elif_is_no_deeper_than_if(tmp_path: Path):
    chain = "def f(n):\n    if n == 0:\n        pass\n" + "    elif n == 1:\n        pass\n" * 9
    plant(tmp_path, {"a.py": chain})

    assert not check_sizes(tmp_path)


def test_a_long_scenario_is_caught_and_a_profile_is_not_one(tmp_path: Path):
    long = "- pay: 1\n" * 40
    plant(tmp_path, {"scenarios/notify/a.yaml": long, "scenarios/profiles/b.yaml": long})

    assert [breach.path for breach in check_scenarios(tmp_path)] == ["scenarios/notify/a.yaml"]
