"""
Rows of the three sides, made by hand for the audit's and the checks' tests.
"""

from datetime import UTC, datetime, timedelta

from harness.control import Trade
from harness.history import History
from harness.sut.contract import LedgerEntry, Payment, Posting
from harness.sut.sink import WebhookEvent

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class TickingClock:
    """
    A clock that moves a second at each look.
    """

    def __init__(self):
        self._looks = 0

    def now(self) -> datetime:
        self._looks += 1
        return NOON + timedelta(seconds=self._looks)

    async def sleep(self, seconds: float) -> None:
        self._looks += int(seconds)


def history(file=None) -> History:
    return History(TickingClock(), file=file, real=TickingClock())


def order(number: int) -> str:
    return f"pp{number:06d}-run1"


def trade(number=1, *, paid=990, total=990, refunded=0) -> Trade:
    return Trade(
        provider="alipay",
        out_trade_no=f"T{number}",
        trade_no=f"2026{number}",
        label=f"pp{number:06d}",
        total_fen=total,
        state="PAID" if paid else "WAITING",
        paid_fen=paid,
        refunded_fen=refunded,
    )


def payment(number=1, *, status="PAID", credited=(990,), debits=(), amount=990, refunded=0, **more) -> Payment:
    values = {
        "id": f"pay-{number}",
        "merchant_order_no": order(number),
        "out_trade_no": f"T{number}",
        "channel": "alipay",
        "amount_fen": amount,
        "status": status,
        "refund_status": "NONE" if not refunded else "PARTIAL",
        "refunded_fen": refunded,
        "credits": None if credited is None else postings(*credited),
        "debits": None if debits is None else postings(*debits),
    }
    return Payment(**{**values, **more})


def postings(*amounts: int) -> tuple[Posting, ...]:
    return tuple(Posting(entry_id=f"e{index}", amount_fen=fen) for index, fen in enumerate(amounts))


def legs(*amounts: int, transaction="tx1") -> tuple[LedgerEntry, ...]:
    return tuple(
        LedgerEntry(transaction_id=transaction, kind="payment", account=f"a{index}", amount_fen=fen)
        for index, fen in enumerate(amounts)
    )


def webhook(number=1, *, event="ev1", kind="payment.paid", amount=990, answered=200, refund=None) -> WebhookEvent:
    data = {"merchant_order_no": order(number), "amount_fen": amount}
    if refund is not None:
        data["refund"] = {"amount_fen": refund}
    return WebhookEvent(
        event_id=event,
        type=kind,
        merchant_order_no=order(number),
        data=data,
        received_at=NOON,
        answered=answered,
    )
