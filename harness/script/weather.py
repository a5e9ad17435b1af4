"""
What the story's own rules did to its notifies, written into the history before anybody judges.

A notify tells which faults it met by their names. How a fault was told to be, for another merchant or for another app,
stands in the rules of the story alone, and some requirements ask for it.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from harness.history import History
from harness.ids import label_of
from harness.script.faults import FaultRule
from harness.script.schema import Scenario
from harness.script.verbs import Faults


def tell_weather(scenario: Scenario, history: History) -> None:
    """
    Write one `fault` line for each order and fault that a notify of it met; none where two rules may have been it.
    """
    rules = tuple(_rules(scenario))
    known: set[tuple[str, str]] = set()
    for line in [line for line in history if line.kind == "notify"]:
        for fault in line.value["faults"]:
            settings = _settings(rules, fault=fault, label=label_of(line.order) or "")
            if settings is not None and (line.order, fault) not in known:
                known.add((line.order, fault))
                history.fact("fault", order=line.order, fault=fault, on="notify", settings=dict(settings))


def _rules(scenario: Scenario) -> Iterable[FaultRule]:
    yield from scenario.faults
    for step in scenario.moves:
        if isinstance(step.told, Faults):
            yield from step.told.only or ()
            yield from step.told.on


def _settings(rules: Iterable[FaultRule], *, fault: str, label: str) -> Mapping[str, Any] | None:
    """
    How the one rule that this must have been was told to be.
    """
    may = [rule for rule in rules if rule.fault == fault and fnmatchcase(label, rule.where.order)]
    return may[0].settings if len(may) == 1 else None
