"""
The fault desk: holds the rules in force, asks the source once for each attempt, and remembers every decision.

Counts the attempts of answers for each (order, API); attempts of notifies are the ladder's and come with the question.
"""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from mock_providers.core.plans import PLAIN_DELIVERY, PLAIN_REPLY, DeliveryPlan, Question, ReplyPlan
from mock_providers.errors import RulesRefused
from mock_providers.faults.plan import compose_notify, compose_reply
from mock_providers.faults.plan_file import PlanFile
from mock_providers.faults.rule import Rule
from mock_providers.faults.rules import Profile, parse_profile
from mock_providers.faults.source import Decision, FaultSource, key_of

_DECISIONS_KEPT = 200_000


@dataclass(frozen=True, slots=True)
class Made:
    """A decision and what it was about."""

    seq: int
    question: Question
    decision: Decision

    def as_json(self) -> dict[str, object]:
        """The decision as the control API shows it."""
        question, fault = self.question, self.decision.fault
        return {
            "seq": self.seq,
            "rule": self.decision.rule,
            "provider": question.provider,
            "label": question.label,
            "order": question.order,
            "on": question.on,
            "api": question.api,
            "occurrence": question.occurrence,
            "attempt": question.attempt,
            "fault": fault.name,
            "hit": self.decision.hit,
            "with": fault.model_dump(),
        }


class FaultDesk:
    """Rules in, plans out."""

    def __init__(self, source: FaultSource, profile: Profile, *, plan_file: PlanFile | None = None) -> None:
        self._source = source
        self._name = profile.name
        self._rules = profile.rules
        self._plan_file = plan_file
        self._made: deque[Made] = deque(maxlen=_DECISIONS_KEPT)
        self._last = 0
        self._attempts: Counter[tuple[str, str, str, str]] = Counter()

    @property
    def profile(self) -> str:
        """The name of the rules in force."""
        return self._name

    def plan_notify(self, question: Question) -> DeliveryPlan:
        """How to deliver this attempt."""
        struck = self._ask(question)
        return compose_notify(one.fault for one in struck) if struck else PLAIN_DELIVERY

    def plan_reply(self, *, provider: str, label: str, order: str, api: str, merchant: str = "") -> ReplyPlan:
        """How to answer; counts the attempt itself."""
        key = (provider, merchant, order, api)
        self._attempts[key] += 1
        struck = self._ask(
            Question(
                provider=provider,
                label=label,
                order=order,
                on="reply",
                api=api,
                attempt=self._attempts[key],
                merchant=merchant,
            )
        )
        return compose_reply(one.fault for one in struck) if struck else PLAIN_REPLY

    def _ask(self, question: Question) -> list[Decision]:
        struck = []
        # What is about no order, such as fetching keys or bills, is struck by rules that name it and by no others.
        rules = self._rules if question.order else tuple(rule for rule in self._rules if rule.where.api is not None)
        for decision in self._source.decide(question, rules):
            self._last += 1
            self._made.append(Made(self._last, question, decision))
            if decision.hit:
                struck.append(decision)
                if self._plan_file is not None:
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
        self._name, self._rules = profile.name, profile.rules

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
        self._rules = rules

    def decisions(self, *, after: int, limit: int) -> tuple[list[dict[str, object]], int | None]:
        """Every decision made, in order, and the next cursor."""
        first = self._last - len(self._made) + 1
        start = max(after + 1, first)
        stop = min(start + limit, self._last + 1)
        items = [made.as_json() for made in islice(self._made, start - first, max(stop - first, 0))]
        return items, (stop - 1 if items and stop <= self._last else None)

    def open(self) -> None:
        """Begin to write down what strikes, where that is wanted."""
        if self._plan_file is not None:
            self._plan_file.open(self._name)

    def close(self) -> None:
        """Write no more."""
        if self._plan_file is not None:
            self._plan_file.close()

    def dump(self) -> dict[str, object]:
        """
        What must survive a restart, as plain JSON: the rules in force, and how often each order asked each API.

        Decisions are not in it, for they would come out the same.
        """
        attempts = [[*key, number] for key, number in self._attempts.items()]
        return {"profile": self._name, "rules": self.rules(), "attempts": attempts}

    def load(self, dumped: Mapping[str, Any]) -> None:
        """
        Go on where `dump` stood.

        Raises:
            RulesRefused: rules that this version does not know.
        """
        profile = parse_profile({"rules": dumped["rules"]})
        self._name, self._rules = dumped["profile"], profile.rules
        self._made.clear()
        self._attempts = Counter(
            {(provider, merchant, order, api): n for provider, merchant, order, api, n in dumped["attempts"]}
        )

    def forget(self) -> None:
        """Attempts and decisions start anew; the rules stay."""
        self._attempts.clear()
        self._made.clear()
