"""
A failing scenario made smaller: faults, steps and moments that it fails without are left out, and payments with them.

Delta debugging over the story as data: whole halves first, then smaller pieces, until nothing more can go. It refuses
to know how a story is played; whoever asks for the smaller one says whether that still fails.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError
from ruamel.yaml import YAML

from harness.script.schema import Scenario

Item = TypeVar("Item")
Fails = Callable[[Scenario], bool]
# Each is a list whose members may go; a step list keeps one step at least, since a story has one.
PARTS = ("faults", "timeline", "steps", "requirements")
NEEDED = frozenset({"steps", "requirements"})


def minimise(scenario: Scenario, fails: Fails, *, plays: int = 200) -> Scenario:
    """
    A story that still fails, and of which nothing more can be left out.

    Args:
        fails: plays a story and says whether it still fails; called *plays* times at most.
    """
    told = document(scenario)
    # What was to happen is nothing that fails; a smaller story promises less.
    told.pop("expect", None)
    left = plays

    def still(candidate: dict[str, Any]) -> bool:
        nonlocal left
        if left == 0:
            return False
        try:
            smaller = Scenario.model_validate(candidate)
        except ValidationError:
            return False  # no story any more, such as a timeline without traffic
        left -= 1
        return fails(smaller)

    if not still(told):
        return scenario
    for part in PARTS:
        if part in told:
            told = _fewer(told, part, still=still)
    return Scenario.model_validate(_smaller_load(told, still=still))


def written(scenario: Scenario, *, remark: str) -> str:
    """
    The story as a file.

    Args:
        remark: stands above it as a comment.
    """
    out = io.StringIO()
    yaml = YAML()
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(document(scenario), out)
    return f"# {remark}\n{out.getvalue()}"


def document(scenario: Scenario) -> dict[str, Any]:
    """
    The story as people write it, without what they did not say.
    """
    told: dict[str, Any] = scenario.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return told


def _fewer(told: dict[str, Any], part: str, *, still: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    least = 1 if part in NEEDED else 0
    kept = list(told[part])
    size = max(len(kept) // 2, 1)
    while size:
        for candidate in list(_without(kept, size)):
            if len(candidate) >= least and still({**told, part: candidate}):
                kept = candidate
                break
        else:
            size //= 2
    return {**told, part: kept}


def _without(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    """
    Each way to leave *size* neighbours out, the last first: what comes late is the likeliest to be needless.
    """
    for start in reversed(range(0, len(items), size)):
        yield [*items[:start], *items[start + size :]]


def _smaller_load(told: dict[str, Any], *, still: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    load = told.get("load", {})
    payments = load.get("payments")
    while payments is not None and payments > 1:
        candidate = {**told, "load": {**load, "payments": payments // 2}}
        if not still(candidate):
            break
        told, payments = candidate, payments // 2
    return told
