"""
The port to a gateway under test: its questions, and the abilities that a driver declares.

Nothing here assumes an outcome. A question ends in one of three ways, and an answer that never came is UNKNOWN, not
a refusal: whoever asked has to ask again with the same number, or to query.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar

Value = TypeVar("Value")


class Outcome(StrEnum):
    """How a question to the gateway ended."""

    OK = "ok"
    REFUSED = "refused"  # the gateway said no: nothing was done
    UNKNOWN = "unknown"  # no answer, or a 5xx: it may have been done


class Ability(StrEnum):
    """What a driver can do; a requirement that needs more is NOT_RUN, with this as the reason."""

    CREATE = "create"
    GET = "get"
    REFUND = "refund"
    GET_REFUND = "get_refund"
    SYNC = "sync"  # ask the channel now
    EFFECTS = "effects"  # how often the buyer was credited, from the gateway's own books
    LEDGER = "ledger"  # double entries, whose sums must be zero
    EXPORT = "export"  # every payment with its postings, as a stream
    WEBHOOKS = "webhooks"  # the live platform is told
    CLOSE = "close"  # end an order that nobody has paid
    RECONCILE = "reconcile"  # compare a day's bill with the books
    TRADE_NO = "trade_no"  # which of the provider's trades paid
    REFUND_WEBHOOKS = "refund_webhooks"  # and of refunds too
    SIGN_BADLY = "sign_badly"  # requests are signed, and one can be sent that is not, or signed over something else
    SIGN_LATE = "sign_late"  # and one that says that it is an hour old
    REPEAT_NONCES = "repeat_nonces"  # and one under a nonce that was used before


class BadSeal(StrEnum):
    """What is wrong with a request that a gateway has to refuse."""

    NONE = "none"  # no signature
    OTHER_BODY = "other_body"  # the signature of a request over another amount
    OLD = "old"  # an hour old, and signed so
    AGAIN = "again"  # sent before; signed anew, under the nonce of the first time


NEEDED: Mapping[BadSeal, Ability] = MappingProxyType(
    {
        BadSeal.NONE: Ability.SIGN_BADLY,
        BadSeal.OTHER_BODY: Ability.SIGN_BADLY,
        BadSeal.OLD: Ability.SIGN_LATE,
        BadSeal.AGAIN: Ability.REPEAT_NONCES,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Generic[Value]):
    """
    The end of one question.

    Args:
        value: what was answered; only with OK.
        status: the HTTP status, None when no answer came.
        code: the machine word of a refusal.
        attempts: how often it was sent.
        retry_after_s: when a refusal says to come again; None where it does not say.
        errors: the server errors over which it was sent again.
    """

    outcome: Outcome
    value: Value | None = None
    status: int | None = None
    code: str = ""
    detail: str = ""
    attempts: int = 1
    retry_after_s: float | None = None
    errors: tuple[int, ...] = ()

    def unwrap(self) -> Value:
        """
        The value, where anything but OK is the caller's mistake.
        """
        if self.outcome is not Outcome.OK or self.value is None:
            raise AssertionError(f"the gateway ended with {self.outcome} {self.status} {self.code}: {self.detail}")
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment:
    """A payment to be opened."""

    merchant_order_no: str
    amount_fen: int
    subject: str
    channel: str = "alipay"
    product: str = "qr"
    buyer_id: str | None = None
    room_id: str | None = None
    attach: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """
    One effect in the gateway's books: the buyer was credited, or a refund was debited.

    Args:
        amount_fen: above zero for both.
    """

    entry_id: str
    amount_fen: int
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """
    A payment as the gateway tells it.

    Args:
        status: PENDING, PAID, SHIPPED, COMPLETED, CANCELLED or CLOSED; a driver maps its gateway's own words to them.
        refund_status: NONE, PROCESSING, PARTIAL or FULL.
        refunded_fen: None where the driver cannot tell.
        qr_code: what the buyer scans, when there is one.
        credits, debits: the postings; None where the driver cannot tell.
    """

    id: str
    merchant_order_no: str
    out_trade_no: str
    channel: str
    amount_fen: int
    status: str
    refund_status: str
    refunded_fen: int | None
    channel_trade_no: str | None = None
    qr_code: str | None = None
    credits: tuple[Posting, ...] | None = None
    debits: tuple[Posting, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A refund as the gateway tells it: REQUESTED, PROCESSING, SUCCEEDED or FAILED."""

    id: str
    payment_id: str
    merchant_refund_no: str
    out_request_no: str
    amount_fen: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One leg of a double entry; the legs of a transaction sum to zero."""

    transaction_id: str
    kind: str
    account: str
    amount_fen: int
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """
    One difference between a bill and the books, as the gateway tells it.

    Args:
        kind: `missing_here`, `missing_there`, `amount`, `state`, …; a driver maps its gateway's own words to them.
        row: "payment" or "refund".
        here_fen, there_fen: in the books and in the bill; None where there is no such row.
        status: OPEN, EXPLAINED or REPAIRED.
    """

    kind: str
    row: str
    number: str
    here_fen: int | None
    there_fen: int | None
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """
    A day's bill compared with the books.

    Args:
        done: False while the bill is not there yet, or is still being compared.
    """

    channel: str
    day: str
    done: bool
    discrepancies: tuple[Discrepancy, ...] = ()


Ours = Callable[[str], bool]


def every_order(order_no: str) -> bool:
    """
    Whatever its number.
    """
    return bool(order_no)


class GatewayContract(Protocol):
    """
    What the harness asks of any gateway.

    A method that needs an ability which is not declared raises AbilityMissingError.
    """

    @property
    def name(self) -> str:
        """
        How reports call it.
        """
        ...

    @property
    def abilities(self) -> frozenset[Ability]: ...

    @property
    def channels(self) -> tuple[str, ...]:
        """
        Over what it can be paid.
        """
        ...

    async def create(self, payment: NewPayment) -> Reply[Payment]: ...

    async def create_badly_signed(self, payment: NewPayment, *, seal: BadSeal) -> Reply[Payment]:
        """
        Ask for a payment by a request that is signed badly; needs what `NEEDED` says of the seal.
        """
        ...

    async def get(self, payment_id: str) -> Reply[Payment]: ...

    async def refund(
        self, payment_id: str, *, merchant_refund_no: str, amount_fen: int, reason: str | None = None
    ) -> Reply[Refund]: ...

    async def get_refund(self, payment_id: str, refund_id: str) -> Reply[Refund]: ...

    async def sync(self, payment_id: str) -> Reply[Payment]:
        """
        Let the gateway ask the channel now.
        """
        ...

    async def effects(self, payment_id: str) -> Reply[int]:
        """
        How often the buyer was credited.
        """
        ...

    async def ledger(self, payment_id: str) -> Reply[tuple[LedgerEntry, ...]]: ...

    def export(self, *, after: str | None = None, limit: int = 200, ours: Ours = every_order) -> AsyncIterator[Payment]:
        """
        Every payment with its postings, in a stable order, for the audit.

        Args:
            ours: the order numbers that somebody wants to hear of; a gateway that cannot choose tells of all.
        """
        ...

    async def close_payment(self, payment_id: str) -> Reply[Payment]:
        """
        End an order that nobody has paid; the payment as it stands afterwards, which may still be PENDING.
        """
        ...

    async def reconcile(self, channel: str, *, day: str) -> Reply[Reconciled]:
        """
        Compare a channel's bill of a day in Beijing (2026-11-23) with the books, again if it has been.
        """
        ...

    async def close(self) -> None:
        """
        Let go of the connections; nothing is asked of the gateway.
        """
        ...


def refused(
    *, status: int | None, code: str, detail: str, attempts: int = 1, retry_after_s: float | None = None
) -> Reply[Any]:
    """
    The gateway said no.
    """
    return Reply(
        outcome=Outcome.REFUSED,
        status=status,
        code=code,
        detail=detail,
        attempts=attempts,
        retry_after_s=retry_after_s,
    )


def unknown(*, status: int | None, detail: str, attempts: int = 1, retry_after_s: float | None = None) -> Reply[Any]:
    """
    Nobody knows whether it was done.
    """
    return Reply(outcome=Outcome.UNKNOWN, status=status, detail=detail, attempts=attempts, retry_after_s=retry_after_s)


def seconds_of(retry_after: str | None) -> float | None:
    """
    What a Retry-After header says, in seconds; None without one, or where it is no number.
    """
    return float(retry_after) if retry_after is not None and retry_after.isdigit() else None
