"""
Payouts: money that a merchant sends to people, by transfer or red packet; part of the book.

Knows no vendor's states or codes, sends nothing, and asks nobody for the time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from mock_providers.core.money import Fen
from mock_providers.errors import BookRefused


class PayoutState(StrEnum):
    """Where a payout stands; RETURNED is money that came back because nobody could take it."""

    PROCESSING = "PROCESSING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    RETURNED = "RETURNED"


_LAWFUL = frozenset(
    {
        (PayoutState.PROCESSING, PayoutState.SUCCEEDED),
        (PayoutState.PROCESSING, PayoutState.FAILED),
        (PayoutState.PROCESSING, PayoutState.RETURNED),
        (PayoutState.SUCCEEDED, PayoutState.RETURNED),
    }
)


@dataclass(slots=True)
class Payout:
    """
    One payout.

    Args:
        out_biz_no: the merchant's number.
        order_no: the platform's number.
        payee: as the merchant named them.
        settled_at: when it succeeded, failed or came back.
    """

    provider: str
    merchant_id: str
    out_biz_no: str
    order_no: str
    amount_fen: Fen
    payee: str
    asked_at: datetime
    label: str = ""
    state: PayoutState = PayoutState.PROCESSING
    settled_at: datetime | None = None
    details: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    notes: dict[str, str] = field(default_factory=dict)


class Payouts:
    """All payouts of a run, found by the merchant's number and by the platform's."""

    def __init__(self) -> None:
        self._all: list[Payout] = []
        self._by_number: dict[tuple[str, str, str], Payout] = {}
        self._by_order_no: dict[tuple[str, str], Payout] = {}

    def __iter__(self) -> Iterator[Payout]:
        return iter(self._all)

    def open(self, payout: Payout) -> Payout:
        """Enter a payout; its number must be free."""
        key = (payout.provider, payout.merchant_id, payout.out_biz_no)
        assert key not in self._by_number, "look the number up before opening it"
        self._all.append(payout)
        self._by_number[key] = payout
        self._by_order_no[(payout.provider, payout.order_no)] = payout
        return payout

    def by_number(self, provider: str, merchant_id: str, out_biz_no: str) -> Payout | None:
        """Look up by the merchant's number."""
        return self._by_number.get((provider, merchant_id, out_biz_no))

    def by_order_no(self, provider: str, order_no: str) -> Payout | None:
        """Look up by the platform's number."""
        return self._by_order_no.get((provider, order_no))

    def settle(self, payout: Payout, state: PayoutState, *, now: datetime) -> None:
        """
        Say what has become of it.

        Raises:
            BookRefused: it cannot get there from where it is.
        """
        if (payout.state, state) not in _LAWFUL:
            raise BookRefused("payout_settled", f"this payout is {payout.state.lower()} and cannot be {state.lower()}")
        payout.state, payout.settled_at = state, now

    def page(self, *, after: int, limit: int, provider: str | None) -> tuple[list[Payout], int | None]:
        """
        Payouts in order of asking.

        Returns:
            The page, and the cursor of the next one or None.
        """
        found: list[Payout] = []
        for place, payout in enumerate(self._all[max(after, 0) :], max(after, 0)):
            if provider is not None and payout.provider != provider:
                continue
            if len(found) == limit:
                return found, place
            found.append(payout)
        return found, None

    def clear(self) -> None:
        """Forget everything."""
        self._all.clear()
        self._by_number.clear()
        self._by_order_no.clear()
