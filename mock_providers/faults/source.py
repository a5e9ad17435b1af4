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
from mock_providers.core.rng import keyed_digest, unit_of
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

    def decide(self, question: Question, rules: Sequence[Rule]) -> Sequence[Decision]:
        """One decision for each rule that applies."""
        about = [rule for rule in rules if applies(rule, question)]
        if not about:
            return []
        asked = self._asked(question)
        return [Decision(rule.id, rule.what, _hit(rule, asked)) for rule in about]

    def _asked(self, question: Question) -> bytes:
        """The question under the seed; hashed once for all rules."""
        about = (question.provider, question.label, question.on, question.api)
        return keyed_digest(self._seed, "fault", *about, str(question.occurrence), str(question.attempt))


def _hit(rule: Rule, asked: bytes) -> bool:
    chance = rule.where.chance
    if not 0.0 < chance < 1.0:
        return chance >= 1.0
    return unit_of(blake2b(rule.id.encode("utf-8", "surrogatepass"), digest_size=8, key=asked).digest()) < chance


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
