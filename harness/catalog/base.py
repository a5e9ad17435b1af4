"""
What a requirement is: a stable id, a level, a sentence, what it rests on and where it applies.

It refuses to know how a requirement is put to the test and how it is checked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.channels import PROVIDED
from harness.sut.contract import Ability
from harness.verdict import Finding, Level


@dataclass(frozen=True, slots=True)
class Requirement:
    """
    One rule that a gateway has to keep.

    Args:
        id: `<family>/<name>`, without a channel, and for ever.
        text: the rule, in a sentence.
        facts: anchors in docs/protocols that it rests on; empty where plain money sense is enough.
        channels: where it applies.
        needs: what the driver must be able to do, for it to be put to the test.
        moot: why there is nothing to keep for a gateway that met all of the pressure and gave no occasion; empty where
            a requirement that was not put to the test is always in doubt.
    """

    id: str
    text: str
    level: Level = Level.MUST
    facts: tuple[str, ...] = ()
    channels: tuple[str, ...] = PROVIDED
    needs: frozenset[Ability] = frozenset()
    moot: str = ""

    @property
    def family(self) -> str:
        return self.id.partition("/")[0]

    def broken(
        self,
        order: str,
        *,
        expected: str,
        actual: str,
        money: str,
        evidence: Sequence[int] = (),
        seed: int | None = None,
        replay: str = "",
    ) -> Finding:
        """
        The finding that an order broke it.
        """
        return Finding(
            id=self.id,
            level=self.level,
            requirement=self.text,
            expected=expected,
            actual=actual,
            order=order,
            evidence=tuple(evidence),
            seed=seed,
            replay=replay,
            money=money,
        )
