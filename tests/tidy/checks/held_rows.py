"""
The page that says which requirement or scenario holds a gateway to each row of what goes wrong: none is left out.

It refuses to know whether a requirement fits its row.
"""

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from tests.tidy.checks.chaos_rows import EXCUSED_SHARE, ROWS, Row, rows
from tests.tidy.checks.tree import Breach

PAGE = "docs/chaos-rows.md"
_ID = re.compile(r"`([a-z][\w-]*/[\w-]+)`")
_EXCUSE = re.compile(r"\|\s*none: \S")


def check_held(root: Path, known: Collection[str]) -> list[Breach]:
    """
    Rows that are missing, ids that nobody has, and more rows without one than is allowed.

    Args:
        known: the ids of requirements and scenarios.
    """
    page = (root / PAGE).read_text(encoding="utf-8")
    found: list[Breach] = []
    excused: list[Row] = []
    for provider in ROWS:
        told = rows((root / f"docs/protocols/{provider}.md").read_text(encoding="utf-8"), f"{provider}/chaos")
        held = rows(page, provider)
        if [row.number for row in told] != [row.number for row in held]:
            odd = sorted({row.number for row in told} ^ {row.number for row in held}) or "in another order"
            found.append(Breach(PAGE, held[0].line if held else 1, f"{provider}: other rows than its sheet: {odd}"))
        for row in held:
            found += _judged(row, known)
        excused += [row for row in held if _EXCUSE.search(row.text)]
    most = EXCUSED_SHARE * sum(ROWS.values())
    if len(excused) > most:
        found.append(Breach(PAGE, excused[-1].line, f"{len(excused)} rows are held by nothing, {most:.0f} may be"))
    return found


def _judged(row: Row, known: Collection[str]) -> Iterator[Breach]:
    held_by = row.text.rpartition("| ")[2] if " | " in row.text else row.text
    named = _ID.findall(held_by)
    if not named and not _EXCUSE.search(row.text):
        yield Breach(PAGE, row.line, f"row {row.number} names neither a requirement nor a scenario, and says no reason")
    for name in named:
        if name not in known:
            yield Breach(
                PAGE, row.line, f"row {row.number} names {name}, which is neither a requirement nor a scenario"
            )
