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
        self._known: dict[int, tuple[Sequence[Rule], list[_Drawn]]] = {}

    def decide(self, question: Question, rules: Sequence[Rule]) -> Sequence[Decision]:
        """One decision for each rule that applies."""
        drawn = self._drawn(rules)
        attempt = question.attempt
        about = [
            one
            for one in drawn
            if (one.first is None or attempt <= one.first) and (one.for_all or applies(one.rule, question))
        ]
        if not about:
            return []
        # The question under the seed, hashed once for all rules.
        asked_of = (question.provider, question.label, question.on, question.api)
        digest = keyed_digest(self._seed, "fault", *asked_of, str(question.occurrence), str(attempt), size=8)
        asked = int.from_bytes(digest, "big")
        return [one.hit if mixed(asked ^ one.salt) < one.threshold else one.miss for one in about]

    def _drawn(self, rules: Sequence[Rule]) -> "list[_Drawn]":
        """What was worked out for these rules when they were first asked for; rules never change, lists of them do."""
        known = self._known.get(id(rules))
        if known is None or known[0] is not rules:
            if len(self._known) >= _LISTS_KEPT:
                self._known.clear()
            # The list is kept with what was worked out, so that its id stays its own.
            known = self._known[id(rules)] = rules, [_Drawn.of(rule) for rule in rules]
        return known[1]


_LISTS_KEPT = 16
_BITS = (1 << 64) - 1


def mixed(number: int) -> int:
    """
    Sixty-four bits stirred until each of them hangs on all the others, by the end of SplitMix64.
    """
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _BITS
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _BITS
    return number ^ (number >> 31)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """
    A rule, ready to be asked many times.

    Args:
        salt: the rule's own part of the hash.
        threshold: of 2**64 draws so many strike.
        for_all: nothing but the attempt's number has to be looked at.
    """

    rule: Rule
    salt: int
    threshold: int
    first: int | None
    for_all: bool
    hit: Decision
    miss: Decision

    @classmethod
    def of(cls, rule: Rule) -> "_Drawn":
        where = rule.where
        narrow = where.provider or where.api or where.merchant or where.nth or where.order != "*"
        salt = blake2b(rule.id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return cls(
            rule=rule,
            salt=int.from_bytes(salt, "big"),
            threshold=round(where.chance * (_BITS + 1)),
            first=where.first,
            for_all=not narrow,
            hit=Decision(rule.id, rule.what, hit=True),
            miss=Decision(rule.id, rule.what, hit=False),
        )


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
