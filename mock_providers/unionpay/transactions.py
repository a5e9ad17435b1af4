"""
Every transaction that a merchant's orderId and txnTime name: where it stands in the book, and what became of it.

A payment, a pre-authorisation and its completion are trades; what gives money back is a refund of the trade that it
undoes. Merchants see no difference: each has an order number, a queryId and an outcome of its own.
"""

from collections.abc import Mapping
from datetime import datetime

from mock_providers.core.books.book import Refund, RefundState, Trade, TradeState
from mock_providers.core.records import record
from mock_providers.core.shared import shared
from mock_providers.unionpay import numbers, reading
from mock_providers.unionpay.cards import CARDS
from mock_providers.unionpay.codes import Result, result
from mock_providers.unionpay.times import day_text
from mock_providers.unionpay.vault import masked, sealed_for
from mock_providers.unionpay.work import PROVIDER, Office, Refused, Work

# In a trade's notes: the code that a payment ended with, where it is not plainly 00, and what completed a preauth.
ENDED, COMPLETION = "ended", "completion"
# What takes a transaction back as if it had never been.
UNDOING = frozenset({"31", "32", "33", "99"})
_STAY = ("accessType", "bizType", "encoding", "signMethod", "txnSubType", "txnTime", "txnType", "version")
_KEPT = (*_STAY, "orderId")


@record
class Found:
    """A transaction: a trade itself, or one of its refunds."""

    trade: Trade
    refund: Refund | None = None

    @property
    def details(self) -> Mapping[str, str]:
        """What the merchant said when it asked for the transaction."""
        return self.trade.opening.details if self.refund is None else self.refund.details

    @property
    def query_id(self) -> str:
        """The platform's number."""
        return (self.trade.trade_no or "") if self.refund is None else self.refund.refund_no

    @property
    def amount_fen(self) -> int:
        """What it is about."""
        return self.trade.opening.total_fen if self.refund is None else self.refund.amount_fen

    @property
    def settled_at(self) -> datetime | None:
        """When its money moved."""
        return self.trade.paid_at if self.refund is None else self.refund.settled_at

    @property
    def outcome(self) -> Result:
        """
        What a query says of it.

        Facts: unionpay/query-answers
        """
        return _payment_outcome(self.trade) if self.refund is None else _refund_outcome(self.trade, self.refund)


def _payment_outcome(trade: Trade) -> Result:
    if trade.paid_at is not None:
        return result(trade.notes.get(ENDED, "00"))
    if trade.state in {TradeState.CREATED, TradeState.WAITING}:
        return result("05")
    return result(trade.notes.get(ENDED, "69"))


def _refund_outcome(trade: Trade, refund: Refund) -> Result:
    if refund.state is RefundState.PROCESSING:
        return result("05")
    usual = "00" if refund.state is RefundState.SUCCEEDED else "01"
    return result(trade.notes.get(f"{ENDED}:{refund.out_request_no}", usual))


def find(office: Office, mer_id: str, order: str, txn_time: str) -> Found | None:
    """
    The transaction of that order number and that moment; the number alone is not enough.

    Facts: unionpay/query
    """
    for number in (order, f"{order}@{txn_time}"):
        found = _by_number(office, mer_id, number)
        if found is not None and found.details.get("txnTime") == txn_time:
            return found
    return None


def find_by_query_id(office: Office, mer_id: str, number: str) -> Found | None:
    """The transaction of that number of the platform's, if it is this merchant's."""
    trade = office.book.by_trade_no(PROVIDER, number, now=office.now())
    refunded = office.book.by_refund_no(PROVIDER, number)
    found = Found(trade) if trade is not None else Found(*refunded) if refunded is not None else None
    return found if found is not None and found.trade.opening.merchant_id == mer_id else None


def _by_number(office: Office, mer_id: str, number: str) -> Found | None:
    trade = office.book.by_order(PROVIDER, number, now=office.now(), merchant_id=mer_id)
    if trade is not None:
        return Found(trade)
    refunded = office.book.by_refund_request(PROVIDER, mer_id, number)
    return None if refunded is None else Found(*refunded)


def claim(office: Office, work: Work) -> str:
    """
    The number under which a new transaction is entered: the orderId, or that with txnTime where an earlier day had it.

    Raises:
        Refused: with 12, for an order that there is already.

    Facts: unionpay/duplicates
    """
    order, txn_time = reading.order_id(work.fields), work.get("txnTime")
    reading.moment(work.fields)
    first = _by_number(office, work.mer_id, order)
    if first is None:
        return order
    known = first.details.get("txnTime", "")
    same = known[:8] == txn_time[:8] if office.policy.order_reuse == "day" else known == txn_time
    if same or _by_number(office, work.mer_id, f"{order}@{txn_time}") is not None:
        raise Refused(result("12"))
    return f"{order}@{txn_time}"


def details_of(work: Work, **more: str) -> dict[str, str]:
    """What is kept of a request, for answers, notices, queries and files; empty values are not kept."""
    fields = work.fields
    kept = {name: fields[name] for name in _KEPT if name in fields}
    kept |= {"reqReserved": reading.reserved(fields)} | more
    return {name: shared(value) for name, value in kept.items() if value}


def told(office: Office, found: Found) -> dict[str, str]:
    """
    What queries and notices say of a transaction whose money has moved, beside codes and echoes.

    Facts: unionpay/query-answers, unionpay/notify-fields
    """
    details, settled_at = found.details, found.settled_at
    fields = {
        "currencyCode": "156",
        "orderId": details["orderId"],
        "queryId": found.query_id,
        "reqReserved": details.get("reqReserved", ""),
        "settleAmt": str(found.amount_fen),
        "settleCurrencyCode": "156",
        "traceNo": numbers.trace_of(found.query_id),
        "traceTime": details["txnTime"][4:],
        "txnAmt": str(found.amount_fen),
    }
    if settled_at is not None:
        fields["settleDate"] = day_text(office.settlement_day(settled_at))
    return fields | {name: details[name] for name in _STAY if name in details} | _card(office, found)


def _card(office: Office, found: Found) -> dict[str, str]:
    """
    The payer's card, as far as the merchant may see it.

    Facts: unionpay/fields, unionpay/customer-info
    """
    number = "" if found.refund is not None else found.details.get("accNo", "")
    if not number or office.policy.card_number == "absent":
        return {}
    kind = {"payCardType": CARDS[number].kind} if number in CARDS else {}
    if office.policy.card_number == "masked":
        return {"accNo": masked(number), **kind}
    named = office.merchant.certificates.get(found.details.get("certId", ""))
    return {"accNo": sealed_for(named.key, number), **kind} if named is not None else kind


def free_preauth(office: Office, trade: Trade) -> None:
    """What *trade* completed, if it completed anything, can be completed again."""
    number = trade.opening.details.get("origQryId", "")
    preauth = office.book.by_trade_no(PROVIDER, number, now=office.now()) if number else None
    if preauth is not None:
        preauth.notes.pop(COMPLETION, None)
