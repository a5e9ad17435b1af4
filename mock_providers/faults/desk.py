"""
The fault desk: holds the rules in force, asks the source once for each attempt, and remembers every decision.

Counts the attempts of answers for each (order, API), under whatever number; attempts of notifies are the ladder's and
come with the question.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from mock_providers.core.plans import PLAIN_DELIVERY, PLAIN_REPLY, DeliveryPlan, Place, Question, ReplyPlan
from mock_providers.core.shelves.drawer import Drawer
from mock_providers.core.shelves.shelf import KEPT
from mock_providers.errors import RulesRefused
from mock_providers.faults.plan import compose_notify, compose_reply
from mock_providers.faults.plan_file import PlanFile
from mock_providers.faults.rule import Rule
from mock_providers.faults.rules import Profile, parse_profile
from mock_providers.faults.source import Decision, FaultSource, key_of

ATTEMPTS_KEPT = 20_000


@dataclass(slots=True)
class Made:
    """The decisions on one attempt, numbered from *first* on."""

    first: int
    question: Question
    decisions: Sequence[Decision]

    def as_json(self, place: int) -> dict[str, object]:
        """One of them as the control API shows it."""
        question, decision = self.question, self.decisions[place]
        fault = decision.fault
        return {
            "seq": self.first + place,
            "rule": decision.rule,
            "provider": question.provider,
            "label": question.label,
            "order": question.order,
            "on": question.on,
            "api": question.api,
            "occurrence": question.occurrence,
            "attempt": question.attempt,
            "fault": fault.name,
            "hit": decision.hit,
            "with": fault.model_dump(),
        }


def _in_question(rules: tuple[Rule, ...]) -> Mapping[tuple[Place, bool], tuple[Rule, ...]]:
    """
    Which rules come into question, by the place and by whether an attempt is about an order at all.

    What is about no order, such as fetching keys or bills, is struck by rules that name it and by no others.
    """
    places: tuple[Place, ...] = ("notify", "reply")
    here = {place: tuple(rule for rule in rules if rule.where.on == place) for place in places}
    named = {place: tuple(rule for rule in here[place] if rule.where.api is not None) for place in places}
    return {(place, ordered): (here if ordered else named)[place] for place in places for ordered in (True, False)}


# Shorter ones are made by hand, where o1 and o10 are two orders.
LONG_NUMBER = 20


class FaultDesk:
    """
    Rules in, plans out.

    Args:
        kept: the decisions on so many attempts are remembered at least, and on twice as many at most.
        orders_kept: how often an order asked is kept in memory for so many, and for the others on disk.
    """

    def __init__(
        self,
        source: FaultSource,
        profile: Profile,
        *,
        plan_file: PlanFile | None = None,
        kept: int = ATTEMPTS_KEPT,
        orders_kept: int = KEPT,
    ) -> None:
        self._source = source
        self._name = profile.name
        self._rules = profile.rules
        self._in_question = _in_question(profile.rules)
        self._plan_file = plan_file
        self._made: list[Made] = []
        self._kept = kept
        self._last = 0
        # How often each order asked, by provider, merchant, API and order; and the first order of each label, by
        # provider, merchant and label. A million orders stand here.
        self._attempts: Drawer[int] = Drawer(kept=orders_kept)
        self._numbers: Drawer[str] = Drawer(kept=orders_kept)

    @property
    def profile(self) -> str:
        """The name of the rules in force."""
        return self._name

    def plan_notify(self, question: Question) -> DeliveryPlan:
        """How to deliver this attempt."""
        struck = self._ask(question)
        return compose_notify(one.fault for one in struck) if struck else PLAIN_DELIVERY

    def _first_number(self, provider: str, merchant: str, *, label: str, order: str) -> str:
        """An order that is opened again under its own number with something behind it goes on where it was."""
        key = provider, merchant, label
        first = self._numbers.get(key)
        if first is None:
            first = self._numbers[key] = order
        return first if len(first) >= LONG_NUMBER and order.startswith(first) else order

    def plan_reply(self, *, provider: str, label: str, order: str, api: str, merchant: str = "") -> ReplyPlan:
        """How to answer; counts the attempt itself."""
        number = self._first_number(provider, merchant, label=label, order=order)
        key = provider, merchant, api, number
        self._attempts[key] = attempt = (self._attempts.get(key) or 0) + 1
        struck = self._ask(
            Question(
                provider=provider,
                label=label,
                order=order,
                on="reply",
                api=api,
                attempt=attempt,
                merchant=merchant,
            )
        )
        return compose_reply(one.fault for one in struck) if struck else PLAIN_REPLY

    def _ask(self, question: Question) -> list[Decision]:
        decisions = self._source.decide(question, self._in_question[question.on, bool(question.order)])
        if not decisions:
            return []
        self._made.append(Made(self._last + 1, question, decisions))
        self._last += len(decisions)
        if len(self._made) > 2 * self._kept:
            del self._made[: self._kept]
        struck = [decision for decision in decisions if decision.hit]
        if self._plan_file is not None:
            for decision in struck:
                self._plan_file.add(key_of(question), decision)
        return struck

    def rules(self) -> list[dict[str, object]]:
        """The rules in their order."""
        return [rule.as_json() for rule in self._rules]

    def replace(self, document: object) -> None:
        """
        Take other rules.

        Raises:
            RulesRefused: and the old ones stay.
        """
        profile = parse_profile(document)
        self._name = profile.name
        self._take(profile.rules)

    def _take(self, rules: tuple[Rule, ...]) -> None:
        self._rules, self._in_question = rules, _in_question(rules)

    def add(self, rule: object) -> None:
        """Take one more rule, at the end."""
        added = parse_profile({"rules": [rule]}).rules[0]
        if any(known.id == added.id for known in self._rules):
            raise RulesRefused([f"rules[0].id: a second rule with the id '{added.id}'"])
        self._put((*self._rules, added))

    def remove(self, rule_id: str) -> bool:
        """
        Returns:
            False when there is no such rule.
        """
        kept = tuple(rule for rule in self._rules if rule.id != rule_id)
        found = len(kept) < len(self._rules)
        self._put(kept)
        return found

    def _put(self, rules: tuple[Rule, ...]) -> None:
        if rules != self._rules and not self._name.endswith("+"):
            self._name += "+"  # no longer what the file says
        self._take(rules)

    def decisions(self, *, after: int, limit: int) -> tuple[list[dict[str, object]], int | None]:
        """Every decision made, in order, and the next cursor."""
        items: list[dict[str, object]] = []
        at = max(bisect_right(self._made, after + 1, key=lambda made: made.first) - 1, 0)
        for made in islice(self._made, at, None):
            for place in range(max(after + 1 - made.first, 0), len(made.decisions)):
                if len(items) == limit:
                    return items, made.first + place - 1
                items.append(made.as_json(place))
        return items, None

    def open(self) -> None:
        """Begin to write down what strikes, where that is wanted."""
        if self._plan_file is not None:
            self._plan_file.open(self._name)

    def close(self) -> None:
        """Write no more, and let go of what lies on disk."""
        if self._plan_file is not None:
            self._plan_file.close()
        self._attempts.close()
        self._numbers.close()

    def dump(self) -> dict[str, object]:
        """
        What must survive a restart, as plain JSON: the rules in force, and how often each order asked each API.

        Decisions are not in it, for they would come out the same.
        """
        attempts = sorted(
            [provider, merchant, order, api, times]
            for (provider, merchant, api, order), times in self._attempts.items()
        )
        return {"profile": self._name, "rules": self.rules(), "attempts": attempts}

    def load(self, dumped: Mapping[str, Any]) -> None:
        """
        Go on where `dump` stood.

        Raises:
            RulesRefused: rules that this version does not know.
        """
        profile = parse_profile({"rules": dumped["rules"]})
        self._name = dumped["profile"]
        self._take(profile.rules)
        self._made.clear()
        self._attempts.clear()
        for provider, merchant, order, api, times in dumped["attempts"]:
            self._attempts[provider, merchant, api, order] = times

    def forget(self) -> None:
        """Attempts and decisions start anew; the rules stay."""
        self._attempts.clear()
        self._numbers.clear()
        self._made.clear()
