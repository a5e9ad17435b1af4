"""
Writes the requirements page out of the catalogue: `python -m harness.catalog.write_requirements`.
"""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from harness.catalog import REQUIREMENTS, Requirement
from harness.channels import PROVIDED

PAGE = Path(__file__).resolve().parents[2] / "docs" / "requirements.md"
HEAD = """# Requirements

What `payproof check` holds a gateway to. Generated from `harness/catalog/` by `make docs`; do not edit.

A requirement is judged only where something put it to the test; else it is UNKNOWN, and where the driver lacks an
ability that it needs, NOT_RUN.
"""


def page() -> str:
    """
    The page as it stands in the file.
    """
    families = groupby(sorted(REQUIREMENTS, key=lambda rule: rule.family), key=lambda rule: rule.family)
    return "\n".join(
        (HEAD, f"{len(REQUIREMENTS)} requirements.\n", *(_family(name, rules) for name, rules in families))
    )


def write(file: Path = PAGE) -> None:
    """
    Replace the page by what the catalogue says now.
    """
    file.write_text(page())


def _family(name: str, rules: Iterable[Requirement]) -> str:
    rows = [_row(rule) for rule in rules]
    return (
        "\n".join(
            (
                f"## {name}\n",
                "| id | level | requirement | channels | needs | rests on |",
                "|---|---|---|---|---|---|",
                *rows,
            )
        )
        + "\n"
    )


def _row(rule: Requirement) -> str:
    channels = "all" if rule.channels == PROVIDED else ", ".join(rule.channels)
    cells = (f"`{rule.id}`", rule.level.value, rule.text, channels, ", ".join(sorted(rule.needs)), _facts(rule))
    return f"| {' | '.join(cells)} |".replace("  ", " ")


def _facts(rule: Requirement) -> str:
    return ", ".join(f"[{fact}](protocols/{fact.partition('/')[0]}.md#{fact})" for fact in rule.facts)


if __name__ == "__main__":
    write()
