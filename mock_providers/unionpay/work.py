"""
What the transactions work on: one admitted request, the platform behind the counter, and what is answered.

Nothing here knows how a request came over the wire, nor how it was signed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Protocol

from mock_providers.core.books.book import Book, Refund, Trade
from mock_providers.core.ids import Ids
from mock_providers.core.records import record
from mock_providers.unionpay import numbers
from mock_providers.unionpay.codes import OK, Result
from mock_providers.unionpay.keys import Merchant
from mock_providers.unionpay.policy import Policy
from mock_providers.unionpay.times import settlement_day
from mock_providers.unionpay.vault import Vault

PROVIDER = "unionpay"
_NO_FIELDS: Mapping[str, str] = MappingProxyType({})


def _no_fields() -> Mapping[str, str]:
    """One empty mapping for all."""
    return _NO_FIELDS


class Refused(Exception):
    """A request that is answered with a failure; `result` says which."""

    def __init__(self, refusal: Result) -> None:
        super().__init__(refusal.text)
        self.result = refusal


@record
class Work:
    """
    One admitted request.

    Args:
        fields: decoded, without blanks around their values.
        label: the harness's, "" where the request is about no order.
        now: schedule time.
        base_url: by which the caller reaches us.
        ending: the code with which a fault wants the transaction to end; "" leaves that to the policy.
    """

    fields: Mapping[str, str]
    mer_id: str
    label: str
    now: datetime
    base_url: str = ""
    ending: str = ""

    def get(self, name: str) -> str:
        """A field, "" where it is absent."""
        return self.fields.get(name, "")

    @property
    def kind(self) -> tuple[str, str]:
        """`txnType` and `txnSubType`."""
        return self.get("txnType"), self.get("txnSubType")


@record
class Answer:
    """
    What is answered.

    Args:
        fields: beside the echoes and the result; they outweigh the echoes.
        entered: the trade that a browser has come for.
    """

    result: Result = OK
    fields: Mapping[str, str] = field(default_factory=_no_fields)
    entered: Trade | None = None


class Herald(Protocol):
    """Tells merchants what happened, and keeps what falls due."""

    def tell(self, trade: Trade, refund: Refund | None = None) -> None:
        """Tell how a payment, or a refund of it, has ended."""
        ...

    def later(self, seconds: float, job: str, trade: Trade, **about: str) -> None:
        """Have *job* done about *trade* when so many seconds of the schedule have passed."""
        ...


@dataclass(frozen=True, slots=True)
class Office:
    """
    The platform behind the counter.

    Args:
        now: schedule time, for what happens after a request is over.
        on_schedule: where a moment of the merchants' clock lies on the schedule.
        queries: the moments of the latest queries, by order.
    """

    book: Book
    ids: Ids
    policy: Policy
    herald: Herald
    vault: Vault
    merchant: Merchant
    now: Callable[[], datetime]
    on_schedule: Callable[[datetime], datetime]
    queries: dict[tuple[str, str], list[datetime]] = field(default_factory=dict)

    def settlement_day(self, at: datetime) -> date:
        """
        The day on which what happens at *at* is settled.

        Facts: unionpay/settle-date
        """
        return settlement_day(at, day_ends=self.policy.day_ends)

    def new_query_id(self, mer_id: str, order: str, txn_time: str) -> str:
        """A number that nothing else in the book has."""
        attempt = 1
        while True:
            number = numbers.query_id(self.ids, mer_id, order, txn_time=txn_time, attempt=attempt)
            taken = self.book.by_trade_no(PROVIDER, number, now=self.now()) is not None
            if not taken and self.book.by_refund_no(PROVIDER, number) is None:
                return number
            attempt += 1
