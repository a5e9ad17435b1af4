"""
Where decisions come from: a keyed hash of the seed, a script, or whoever implements the port.

A source answers one question at a time and knows nothing of earlier ones, so neither the order of asking nor
concurrency can change what it says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import blake2b
from typing import NamedTuple, Protocol

from mock_providers.core.plans import Place, Question
from mock_providers.core.rng import keyed_digest
from mock_providers.faults.base import Fault
from mock_providers.faults.draws import BITS, Draws, strikes
from mock_providers.faults.rule import Rule


@dataclass(frozen=True, slots=True)
class Decision:
    """
    Whether one rule's fault strikes.

    Args:
        fault: with the parameters that apply; a source of its own may bring other parameters than the rule's.
    """

    rule: str
    fault: Fault
    hit: bool


class FaultSource(Protocol):
    """The port; a property test draws its own decisions here, in process."""

    def decide(self, question: Question, rules: Sequence[Rule]) -> Sequence[Decision]:
        """
        One decision for each rule that applies; more are allowed.

        Called exactly once for each attempt.
        """
        ...


class SeededSource:
    """Strikes by keyed hash of (seed, rule, provider, label, place, API or event, attempt)."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._known: dict[int, tuple[Sequence[Rule], _RuleList]] = {}

    def decide(self, question: Question, rules: Sequence[Rule]) -> Sequence[Decision]:
        """One decision for each rule that applies."""
        about = self._ready(rules).about(question)
        if not about.misses:
            return ()
        # The question under the seed, hashed once for all rules.
        asked_of = (question.provider, question.label, question.on, question.api)
        numbers = (str(question.occurrence), str(question.attempt))
        return about.decided(int.from_bytes(keyed_digest(self._seed, "fault", *asked_of, *numbers, size=8), "big"))

    def _ready(self, rules: Sequence[Rule]) -> "_RuleList":
        """What was worked out for these rules when they were first asked for; rules never change, lists of them do."""
        known = self._known.get(id(rules))
        if known is None or known[0] is not rules:
            if len(self._known) >= _LISTS_KEPT:
                self._known.clear()
            # The list is kept with what was worked out, so that its id stays its own.
            known = self._known[id(rules)] = rules, _RuleList(rules)
        return known[1]


_LISTS_KEPT = 16
_KINDS_KEPT = 1024


class _RuleList:
    """A list of rules, and which of them are about whom."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._by_order = any(rule.where.order != "*" for rule in rules)
        # Later attempts are all alike.
        self._attempts = 1 + max((max(rule.where.first or 0, rule.where.nth or 0) for rule in rules), default=0)
        self._by_kind: dict[tuple[str, ...], _Together] = {}
        self._by_places: dict[tuple[int, ...], _Together] = {}

    def about(self, question: Question) -> "_Together":
        """Those that apply to *question*; where none looks at its order, that is one answer for all of a kind."""
        if self._by_order:
            return self._found(question)
        attempt = str(min(question.attempt, self._attempts))
        kind = (question.provider, question.on, question.api, question.merchant, attempt)
        known = self._by_kind.get(kind)
        if known is None:
            if len(self._by_kind) >= _KINDS_KEPT:
                self._by_kind.clear()
            known = self._by_kind[kind] = self._found(question)
        return known

    def _found(self, question: Question) -> "_Together":
        places = tuple(place for place, rule in enumerate(self._rules) if applies(rule, question))
        known = self._by_places.get(places)
        if known is None:
            if len(self._by_places) >= _KINDS_KEPT:
                self._by_places.clear()
            known = self._by_places[places] = _Together.of([self._rules[place] for place in places])
        return known


@dataclass(frozen=True, slots=True)
class _Together:
    """
    Rules that apply to one question, ready to be asked many times.

    Args:
        hits: what each decides if it strikes, *misses* if it does not.
    """

    draws: Draws
    hits: tuple[Decision, ...]
    misses: tuple[Decision, ...]

    @classmethod
    def of(cls, rules: Sequence[Rule]) -> "_Together":
        salts = [blake2b(rule.id.encode("utf-8", "surrogatepass"), digest_size=8).digest() for rule in rules]
        thresholds = [round(rule.where.chance * (BITS + 1)) for rule in rules]
        return cls(
            draws=Draws([int.from_bytes(salt, "big") for salt in salts], thresholds),
            hits=tuple(Decision(rule.id, rule.what, hit=True) for rule in rules),
            misses=tuple(Decision(rule.id, rule.what, hit=False) for rule in rules),
        )

    def decided(self, asked: int) -> Sequence[Decision]:
        """What each decides on the question of that hash."""
        struck = self.draws.struck(asked)
        if not struck:
            return self.misses
        both = zip(self.hits, self.misses, strict=True)
        return [hit if strikes(struck, place) else miss for place, (hit, miss) in enumerate(both)]


class ScriptKey(NamedTuple):
    """One attempt, named so that it is the same one in every run."""

    provider: str
    label: str
    on: Place
    api: str
    occurrence: int
    attempt: int


Script = Mapping[ScriptKey, Sequence[Decision]]


class ScriptedSource:
    """Strikes exactly as written down; rules are ignored."""

    def __init__(self, script: Script) -> None:
        self._script = dict(script)

    def decide(self, question: Question, rules: Sequence[Rule]) -> Sequence[Decision]:  # noqa: ARG002  the port's
        """What the script says, nothing where it is silent."""
        return self._script.get(key_of(question), ())


def key_of(question: Question) -> ScriptKey:
    """Whatever may sway chance, and nothing else."""
    return ScriptKey(
        question.provider, question.label, question.on, question.api, question.occurrence, question.attempt
    )


def applies(rule: Rule, question: Question) -> bool:
    """Whether *rule* is about this attempt at all; chance comes later."""
    where = rule.where
    return (
        where.on == question.on
        and (where.provider is None or where.provider == question.provider)
        and (where.api is None or where.api == question.api or fnmatchcase(question.api, where.api))
        and (where.merchant is None or fnmatchcase(question.merchant, where.merchant))
        and (where.first is None or question.attempt <= where.first)
        and (where.nth is None or question.attempt == where.nth)
        and (where.order == "*" or fnmatchcase(question.label, where.order) or fnmatchcase(question.order, where.order))
    )
