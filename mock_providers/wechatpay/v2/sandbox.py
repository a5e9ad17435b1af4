"""
The simulation system (仿真系统): its key, the amounts that choose its cases, and the cases that a header chooses.

Facts: wechatpay/v2-sandbox, wechatpay/v2-acceptance, wechatpay/v2-negative-test
"""

from collections.abc import Callable, Mapping

from mock_providers.wechatpay.states import DESCRIPTIONS, TradeWord
from mock_providers.wechatpay.v2 import codes
from mock_providers.wechatpay.v2.door import sandbox_key
from mock_providers.wechatpay.v2.work import Answer, Done, Handler, Work

# Amounts in fen, and the coupons that take part. Facts: wechatpay/v2-acceptance
OLD_AMOUNTS = frozenset({"101", "102", "501", "502", "551", "552"})
NEW_AMOUNTS = frozenset({"1", "2", "3"})
COUPONS: Mapping[str, str] = {
    "2": "CASH:1",
    "3": "CASH:1,NO_CASH:2",
    "502": "NO_CASH:1",
    "551": "NO_CASH:1",
    "552": "NO_CASH:1",
}
# Merchants are told to wait half a second at most.
TIMEOUT_S = 1.0
USERPAYING, TIMEOUT = "MICROPAY_USERPAYING", "MICROPAY_TIMEOUT"
PAYERROR, QUERY_TIMEOUT = "MICROPAY_PAYERROR", "MICROPAY_PAY_QUERY_TIMEOUT"


def getsignkey(work: Work) -> Answer:
    """
    The key that everything in the simulation system is signed with; asked for with the merchant's own.

    Facts: wechatpay/v2-sandbox
    """
    return Done({"sandbox_signkey": sandbox_key(work.merchant)})


def only_cases(handler: Handler) -> Handler:
    """
    Amounts of the old house's cases only.

    Facts: wechatpay/v2-acceptance
    """
    return _only(OLD_AMOUNTS, handler)


def only_small(handler: Handler) -> Handler:
    """
    Amounts of the new house's cases only.

    Facts: wechatpay/v2-negative-test
    """
    return _only(NEW_AMOUNTS, handler)


def _only(amounts: frozenset[str], handler: Handler) -> Handler:
    def play(work: Work) -> Answer:
        total_fee = work.get("total_fee")
        return handler(work) if total_fee in amounts else codes.sandbox_amount(total_fee)

    return play


def paid_at_once(handler: Handler, pay: Callable[[Work], None]) -> Handler:
    """
    The old house needs no buyer: who is given an order has it paid.

    Facts: wechatpay/v2-acceptance
    """

    def play(work: Work) -> Answer:
        answer = handler(work)
        if isinstance(answer, Done):
            pay(work)
        return answer

    return play


def query_case(case: str) -> Answer | None:
    """
    What a query answers when it asks for a case by name; None where it is answered from the book.

    Facts: wechatpay/v2-negative-test
    """
    if case == QUERY_TIMEOUT:
        return Done(_stated(TradeWord.USERPAYING), delay_s=TIMEOUT_S)
    if case == USERPAYING:
        return Done(_stated(TradeWord.USERPAYING))
    return Done(_stated(TradeWord.PAYERROR)) if case == PAYERROR else None


def _stated(word: TradeWord) -> dict[str, str]:
    return {"trade_state": word, "trade_state_desc": DESCRIPTIONS[word]}
