"""
The fault budget: how much of its weather a profile may let one order feel, so that a correct client gets through.

A budget narrows rules before anything is asked: whatever costs an exchange may strike the first attempts only. Attempts
are counted for each (order, API) and for each notify's ladder, so neither interleaving nor the number of processes can
change what is spared.
"""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from mock_providers.core.plans import Place
from mock_providers.faults.rule import Rule
from mock_providers.faults.text import Location


class Budget(BaseModel):
    """
    How much an order may lose at most, so that a client who asks again always gets through.

    Args:
        replies: so many first attempts of each (order, API) may end without an answer that can be used.
        notifies: so many first rungs of each notify's ladder may be lost or unusable.
        patience_s: how long a client waits for an answer at least; more than that in all counts as lost.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    replies: int = Field(default=1, ge=0, le=100)
    notifies: int = Field(default=2, ge=0, le=100)
    patience_s: float = Field(default=3.0, gt=0, le=3600)

    def of(self, place: Place) -> int:
        """How many attempts may be lost at that place."""
        return self.notifies if place == "notify" else self.replies


Problem = tuple[Location, str]


def within(budget: Budget, rules: Sequence[Rule]) -> tuple[tuple[Rule, ...], list[Problem]]:
    """
    The rules as far as *budget* lets them go.

    Rules that only send more, or only keep somebody waiting for a moment, stay as they are. Slow answers are counted
    together, for one order may meet all of them at once.

    Returns:
        The narrowed rules, and what no budget can allow as (place below `rules`, message).
    """
    waited_s = sum(rule.what.wait_s for rule in rules if rule.where.on == "reply")
    narrowed: list[Rule] = []
    problems: list[Problem] = []
    for number, rule in enumerate(rules):
        place = rule.where.on
        assert place is not None, "a checked rule has its place"
        slow = place == "reply" and rule.what.wait_s > 0 and waited_s > budget.patience_s
        if not (slow or rule.what.costs(place)):
            narrowed.append(rule)
            continue
        most = budget.of(place)
        if rule.what.hopeless:
            problems.append(((number, "fault"), f"'{rule.what.name}' leaves no later chance, and a budget wants one"))
        elif (rule.where.nth or 1) > most:
            told = f"this costs a later attempt than the first {most} of each order, which is all that the budget has"
            problems.append(((number, "where", "nth"), told))
        else:
            first = min(rule.where.first or most, most)
            narrowed.append(Rule(rule.id, rule.where.model_copy(update={"first": first}), rule.what))
    return tuple(narrowed), problems
