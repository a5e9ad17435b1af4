"""
What must be true of every order of a story while it is still being told: the models, fed line by line of the history.

Safety only, so that nothing has to come to rest first; what must have happened in the end is the audit's and the
checks'. Pure: it reads what was written down and what the gateway shows.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.catalog import BY_ID
from harness.history import Operation, Phase
from harness.model import PAID_STATUSES, Life, PaymentModel
from harness.sut.contract import Payment
from harness.verdict import Finding

PAYING = frozenset({"pay", "pay_twice", "pay_late"})


@dataclass(slots=True)
class _Known:
    """One order."""

    model: PaymentModel
    was_paid: bool = False
    answered: bool = False
    # Refunds that certainly happened.
    done: set[str] = field(default_factory=set)
    # What became of each asking for a refund, by its number; None for one that has not ended.
    asked: dict[str, dict[int, bool | None]] = field(default_factory=lambda: defaultdict(dict))


class Oracle:
    """
    The orders of one story.
    """

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    @property
    def paid(self) -> int:
        """
        How many were paid by their buyers.
        """
        return sum(known.model.life is Life.BOUGHT for known in self._known.values())

    def bought(self, order: str) -> bool:
        """
        Whether an order's buyer has paid.
        """
        known = self._known.get(order)
        return known is not None and known.model.life is Life.BOUGHT

    def hear(self, line: Operation) -> None:
        """
        Take in one line of the history.
        """
        if line.kind == "create" and line.phase is Phase.INVOKE:
            self._known.setdefault(line.order, _Known(PaymentModel(amount_fen=line.value["amount_fen"])))
        known = self._known.get(line.order)
        if known is None:
            return
        if line.kind == "create" and line.phase is Phase.OK:
            known.answered = True
        elif line.kind in PAYING and line.phase is Phase.OK and line.value.get("paid_fen"):
            known.model = known.model.bought()
        elif line.kind == "close" and line.phase is Phase.INVOKE:
            known.model = known.model.end_asked()
        elif line.kind == "refund":
            _hear_refund(known, line)

    def findings(self, order: str, seen: Payment | None, *, acked: bool) -> Iterator[Finding]:
        """
        What is wrong with an order as the gateway shows it now.

        Args:
            acked: a genuine notify of its payment has been acknowledged.
        """
        known = self._known[order]
        if seen is None:
            if known.answered:
                yield broken("crash/while-opening", order, "the payment that was answered", "no such payment")
            return
        for requirement, words in known.model.wrongs(seen, settled=False):
            yield broken(requirement, order, "what the buyer did", words)
        heard = seen.status in PAID_STATUSES or seen.refund_status != "NONE" or bool(seen.refunded_fen)
        if known.was_paid and not heard:
            yield broken("state/never-back", order, "paid, as it was", seen.status)
        if acked and not heard:
            yield broken("notify/acked-is-known", order, "known: a notify of it was acknowledged", seen.status)
        known.was_paid = known.was_paid or seen.status in PAID_STATUSES


def _hear_refund(known: _Known, line: Operation) -> None:
    """
    What is accepted may still be refused by the provider, so it stays in doubt until its end is told; and it is known
    not to have happened only when every asking for it was refused.
    """
    if line.phase is Phase.INVOKE:
        number = str(line.value["refund_no"])
        known.asked[number][line.index] = None
        if number not in known.done:
            known.model = known.model.refund_asked(number, line.value["amount_fen"])
        return
    number = next(number for number, asked in known.asked.items() if line.of in asked)
    asked, state = known.asked[number], line.value.get("refund_state")
    assert line.of is not None
    asked[line.of] = line.phase is not Phase.FAIL
    if state == "SUCCEEDED":
        known.done.add(number)
        known.model = known.model.refund_ended(number, done=True)
    elif state == "FAILED" or all(said is False for said in asked.values()):
        known.model = known.model.refund_ended(number, done=False)


def broken(requirement: str, order: str, expected: str, actual: str) -> Finding:
    """
    A requirement broken by one order.
    """
    return BY_ID[requirement].broken(order, expected=expected, actual=actual, money=f"order {order}: {actual}")
