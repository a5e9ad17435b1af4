"""
The oracle of one payment: what must be true of it, whatever the gateway says.

Pure, a value with moves; a state machine keeps one for each payment and compares. It has its own words for a
payment's life and refuses to know how a gateway or a provider stores one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from harness.sut.contract import Payment
from harness.verdict import yuan_text


class Life(StrEnum):
    """What the buyer did."""

    OPEN = "open"  # nobody has paid yet
    BOUGHT = "bought"  # the provider took the money
    OVER = "over"  # ended at the provider without money


PAID_STATUSES = frozenset({"PAID", "SHIPPED", "COMPLETED"})
ENDED_STATUSES = frozenset({"CLOSED", "CANCELLED"})
UNPAID_STATUSES = ENDED_STATUSES | {"PENDING"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentModel:
    """
    One payment as it must be.

    Args:
        refunded_fen: refunds that certainly happened.
        in_doubt: refunds whose outcome nobody knows yet, by refund number; each may have happened or not.
        unwanted: its end was asked for, so that money which comes all the same may go back.
    """

    amount_fen: int
    life: Life = Life.OPEN
    refunded_fen: int = 0
    in_doubt: Mapping[str, int] = field(default_factory=dict)
    unwanted: bool = False

    def bought(self) -> "PaymentModel":
        """
        The buyer paid; paying twice changes nothing.
        """
        return replace(self, life=Life.BOUGHT)

    def over(self) -> "PaymentModel":
        """
        Ended without money; a paid one cannot end so.
        """
        return self if self.life is Life.BOUGHT else replace(self, life=Life.OVER)

    def end_asked(self) -> "PaymentModel":
        """
        The platform asked for its end; until the provider has heard of it the buyer can pay, and is given it back.
        """
        return replace(self, unwanted=True)

    def may_refund(self, amount_fen: int) -> bool:
        """
        Whether a correct gateway can accept this refund; one in doubt holds its amount.
        """
        held = self.refunded_fen + sum(self.in_doubt.values())
        return self.life is Life.BOUGHT and 0 < amount_fen <= self.amount_fen - held

    def refund_asked(self, refund_no: str, amount_fen: int) -> "PaymentModel":
        """
        A refund was sent off; until its end is known it is in doubt.
        """
        return replace(self, in_doubt={**self.in_doubt, refund_no: amount_fen})

    def refund_ended(self, refund_no: str, *, done: bool) -> "PaymentModel":
        """
        A refund's end became known; one that is known already changes nothing.
        """
        if refund_no not in self.in_doubt:
            return self
        left = {number: fen for number, fen in self.in_doubt.items() if number != refund_no}
        gone_fen = self.in_doubt[refund_no] if done else 0
        return replace(self, refunded_fen=self.refunded_fen + gone_fen, in_doubt=left)

    def statuses(self, *, settled: bool) -> frozenset[str]:
        """
        What a correct gateway may say now; before settling it may not have heard yet.
        """
        if self.life is not Life.BOUGHT:
            return UNPAID_STATUSES
        return PAID_STATUSES if settled else PAID_STATUSES | UNPAID_STATUSES

    def objections(self, seen: Payment, *, settled: bool) -> tuple[str, ...]:
        """
        What is wrong with the payment as the gateway tells it, in words; empty when it may be so.
        """
        return tuple(words for _, words in self.wrongs(seen, settled=settled))

    def wrongs(self, seen: Payment, *, settled: bool) -> Iterator[tuple[str, str]]:
        """
        The same, each with the requirement that it breaks.
        """
        returned = seen.refund_status == "FULL" and self.life is Life.BOUGHT
        if seen.status not in self.statuses(settled=settled) and not returned:
            yield "state/books-agree", f"status {seen.status} of a payment that is {self.life}"
        if seen.credits is not None:
            yield from self._wrong_credits(tuple(credit.amount_fen for credit in seen.credits), seen, settled=settled)
        most_fen = self.refunded_fen + sum(self.in_doubt.values())
        if self.life is Life.BOUGHT and (seen.status in UNPAID_STATUSES or self.unwanted):
            most_fen = self.amount_fen  # it came late and goes back, which nobody has to ask for
        least_fen = self.refunded_fen if settled else 0
        if seen.refunded_fen is not None and not least_fen <= seen.refunded_fen <= most_fen:
            between = f"between {yuan_text(least_fen)} and {yuan_text(most_fen)}"
            yield "refund/books-agree", f"{yuan_text(seen.refunded_fen)} refunded, not {between}"

    def _wrong_credits(self, credited: tuple[int, ...], seen: Payment, *, settled: bool) -> Iterator[tuple[str, str]]:
        if self.life is not Life.BOUGHT:
            if credited:
                yield "money/credited-only-when-paid", f"{yuan_text(sum(credited))} credited that nobody paid"
            return
        for fen in credited:
            if fen != self.amount_fen:
                yield "money/credited-amount", f"{yuan_text(fen)} credited instead of {yuan_text(self.amount_fen)}"
        if len(credited) > 1:
            yield "idempotency/credited-once", f"credited {len(credited)} times"
        if settled and seen.status in PAID_STATUSES and not credited:
            yield "money/credited-amount", "paid, and never credited"
