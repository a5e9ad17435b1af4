"""
The tables of what goes wrong in docs/protocols: every row has tests that produce it, and these tests exist.

It refuses to know whether a test shows what its row says.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.tidy.checks.tree import Breach, files

# How many ways to go wrong are known of each; a page may have more rows, never fewer.
ROWS: Mapping[str, int] = {"alipay": 39, "wechatpay": 36, "unionpay": 41}
# So many of a page's rows may have a reason instead of a test.
EXCUSED_SHARE = 0.05
_ROW = re.compile(r"^\|\s*([A-Z]?\d+)\b(.*)\|\s*$")
_TEST = re.compile(r"`((?:tests/(?:\w+/)*)?test_\w+\.py)::(\w+)(…?)`")
_FOLDER = "tests/chaos/"
_EXCUSE = "no test:"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its number, such as 7 or C7, the rest of it, and where it stands."""

    number: str
    text: str
    line: int


def rows(page: str, anchor: str) -> list[Row]:
    """
    The numbered rows of the first table after *anchor*.
    """
    found: list[Row] = []
    below = False
    for number, line in enumerate(page.splitlines(), start=1):
        if f'<a id="{anchor}"></a>' in line:
            below = True
        elif below and (matched := _ROW.match(line)):
            found.append(Row(matched[1], matched[2], number))
        elif found and not line.startswith("|"):
            break
    return found


def check_page(root: Path, provider: str, *, least: int) -> list[Breach]:
    """
    What is wrong with a provider's two tables: what goes wrong, and which tests produce it.
    """
    path = f"docs/protocols/{provider}.md"
    page = (root / path).read_text(encoding="utf-8")
    told = rows(page, f"{provider}/chaos")
    tested = rows(page, f"{provider}/chaos-tests") or told
    found = list(_numbers(path, told, tested, least=least))
    excused = [row for row in tested if _EXCUSE in row.text]
    if len(excused) > EXCUSED_SHARE * max(len(told), 1):
        found.append(Breach(path, excused[-1].line, f"{len(excused)} of {len(told)} rows have no test, too many"))
    known: dict[str, frozenset[str]] = {}
    for row in tested:
        found += _tests(root, path, row, known=known)
    return found


def check_named(root: Path, provider: str, anchor: str) -> list[Breach]:
    """
    What is wrong with a further table of a page, which has some of its rows: in another of the vendor's languages.
    """
    path = f"docs/protocols/{provider}.md"
    known: dict[str, frozenset[str]] = {}
    named = rows((root / path).read_text(encoding="utf-8"), anchor)
    found = [] if named else [Breach(path, 1, f"there is no table after {anchor}")]
    return found + [breach for row in named for breach in _tests(root, path, row, known=known)]


def has_table(root: Path, provider: str) -> bool:
    """
    Whether the page says already which tests produce its rows, in a table of its own or in a column.
    """
    path = root / f"docs/protocols/{provider}.md"
    if not path.is_file():
        return False
    page = path.read_text(encoding="utf-8")
    return any(_TEST.search(row.text) for name in ("chaos", "chaos-tests") for row in rows(page, f"{provider}/{name}"))


def _numbers(path: str, told: list[Row], tested: list[Row], *, least: int) -> Iterator[Breach]:
    if len(told) < least:
        yield Breach(path, told[-1].line if told else 1, f"{len(told)} rows where {least} are known")
    numbers, others = [row.number for row in told], [row.number for row in tested]
    if len(set(numbers)) < len(numbers):
        yield Breach(path, told[-1].line, "two rows of what goes wrong have one number")
    if numbers != others:
        line = tested[-1].line if tested else 1
        odd = sorted(set(numbers) ^ set(others)) or "in another order"
        yield Breach(path, line, f"the table of tests has other rows than the table of what goes wrong: {odd}")


def _tests(root: Path, path: str, row: Row, *, known: dict[str, frozenset[str]]) -> Iterator[Breach]:
    named = _TEST.findall(row.text)
    if not named and _EXCUSE not in row.text:
        yield Breach(path, row.line, f"row {row.number} names no test, and says no reason after '{_EXCUSE}'")
    for name, test, more in named:
        file = name if "/" in name else _FOLDER + name
        if file not in known:
            known[file] = _defined(root, file)
        # Three dots stand for the rest of a long name.
        if not any(one.startswith(test) if more else one == test for one in known[file]):
            yield Breach(path, row.line, f"row {row.number} names {test}, which is not in {file}")


def _defined(root: Path, file: str) -> frozenset[str]:
    if file not in files(root):
        return frozenset()
    tree = ast.parse((root / file).read_text(encoding="utf-8"))
    return frozenset(one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
