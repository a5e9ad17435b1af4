"""
Payments by the code that a buyer shows (付款码), and their reversal.

What a shown code leads to stands in its last four digits; a large amount asks for the password whatever they are.
"""

from collections.abc import Mapping
from datetime import timedelta

from mock_providers.core.books.book import Refund, RefundState, Trade, TradeState
from mock_providers.wechatpay.desk import Desk
from mock_providers.wechatpay.shown_codes import Outcome, outcome_of
from mock_providers.wechatpay.states import PAYING, TradeWord
from mock_providers.wechatpay.v2 import codes, sandbox
from mock_providers.wechatpay.v2.codes import Refusal
from mock_providers.wechatpay.v2.oauth import openid_of
from mock_providers.wechatpay.v2.orders import Orders, bad_times, opening_of, refused_again
from mock_providers.wechatpay.v2.shown import payment_fields
from mock_providers.wechatpay.v2.telling import Telling
from mock_providers.wechatpay.v2.work import Answer, Done, Work

_REVERSIBLE = timedelta(days=7)
# The same code is refused before anything is entered, or fails after it. Facts: wechatpay/v2-micropay
REFUSED: Mapping[Outcome, Refusal] = {
    Outcome.INVALID: codes.AUTH_CODE_INVALID,
    Outcome.EXPIRED: codes.AUTHCODEEXPIRE,
    Outcome.ERROR: codes.AUTH_CODE_ERROR,
}
_FAILED: Mapping[Outcome, Refusal] = {
    Outcome.NOT_ENOUGH: codes.NOTENOUGH,
    Outcome.CARD: codes.NOTSUPORTCARD,
    Outcome.BUYER_MISMATCH: codes.BUYER_MISMATCH,
}
_UNKNOWN: Mapping[Outcome, Refusal] = {
    Outcome.BANK_ERROR: codes.BANKERROR,
    Outcome.SYSTEM_ERROR: codes.SYSTEMERROR,
}
_CASES: Mapping[str, Outcome] = {
    sandbox.USERPAYING: Outcome.PASSWORD,
    sandbox.PAYERROR: Outcome.PAYERROR,
    sandbox.TIMEOUT: Outcome.PAID,
    sandbox.QUERY_TIMEOUT: Outcome.PAID,
}
# What timers are set for.
_TYPED = "v2.password"


class Barcode:
    """Payment by code, and taking it back."""

    def __init__(self, desk: Desk, *, telling: Telling) -> None:
        self._desk = desk
        self._telling = telling
        self._orders = Orders(desk)
        desk.timers.serve(_TYPED, self._typed)

    def pay(self, work: Work) -> Answer:
        """
        Take a payment; the answer says how it went, or that nobody knows yet.

        Facts: wechatpay/v2-micropay, wechatpay/v2-negative-test
        """
        refusal = bad_times(work.fields)
        known = self._desk.order(work.merchant.mchid, work.fields["out_trade_no"])
        if refusal is not None or known is not None:
            return refusal or self._again(known, work)
        outcome = _CASES.get(work.case) or outcome_of(work.fields["auth_code"], int(work.fields["total_fee"]))
        if outcome in REFUSED:
            return REFUSED[outcome]
        answer = self._paid(self._open(work), outcome)
        if isinstance(answer, Done) and work.case in {sandbox.TIMEOUT, sandbox.QUERY_TIMEOUT}:
            return Done(answer.fields, delay_s=sandbox.TIMEOUT_S)
        return answer

    def _open(self, work: Work) -> Trade:
        number = work.fields["out_trade_no"]
        transaction_id = self._desk.numbers.transaction_id(work.merchant.mchid, number, now=work.now)
        details = {"openid": openid_of(work.fields["appid"], work.fields["auth_code"])}
        return self._desk.book.open(
            opening_of(self._desk, work, product="barcode", details=details), trade_no=transaction_id
        )

    def _paid(self, trade: Trade, outcome: Outcome) -> Answer:
        if outcome in {Outcome.PASSWORD, Outcome.PASSWORD_NEVER}:
            trade.notes[PAYING] = TradeWord.USERPAYING
            given = "given" if outcome is Outcome.PASSWORD else ""
            self._desk.later(self._desk.policy.password_s, _TYPED, trade, password=given)
            return codes.USERPAYING
        if outcome is Outcome.PAYERROR:
            trade.notes[PAYING] = TradeWord.PAYERROR
            return codes.PAY_FAILED
        if outcome in _FAILED:
            trade.notes["failed"] = _FAILED[outcome].err_code_des
            return _FAILED[outcome]
        self._telling.paid(trade)
        # Paid, and the platform says that it does not know. Facts: wechatpay/v2-micropay
        return _UNKNOWN.get(outcome) or Done(payment_fields(trade))

    def _typed(self, mchid: str, about: Mapping[str, str]) -> None:
        """The buyer has given the password, or has put the phone away."""
        trade = self._desk.typing(mchid, about["order"])
        if trade is None:
            return
        if about["password"]:
            self._telling.paid(trade)
        else:
            trade.notes[PAYING] = TradeWord.PAYERROR

    def _again(self, trade: Trade | None, work: Work) -> Answer:
        """
        Facts: wechatpay/v2-micropay, wechatpay/v2-repeat-create.
        """
        assert trade is not None
        refusal = refused_again(trade, work, field_style=self._desk.policy.duplicate_number == "field")
        if refusal is not None:
            return refusal
        paying = trade.notes.get(PAYING)
        return codes.USERPAYING if paying == TradeWord.USERPAYING else codes.PAY_FAILED

    def reverse(self, work: Work) -> Answer:
        """
        Take a payment back, whatever has become of it.

        Facts: wechatpay/v2-reverse
        """
        trade = self._orders.found(work)
        if trade is None:
            return codes.TRANSACTION_UNKNOWN if work.get("transaction_id") else codes.ORDERNOTEXIST
        refusal = _irreversible(trade, work)
        if refusal is not None:
            return refusal
        if trade.paid_at is not None and trade.closed_by != "reversed":
            self._give_back(trade, work)
        elif trade.state is not TradeState.CLOSED:
            trade.notes.pop(PAYING, None)
            self._desk.book.close(trade, now=work.now, by="reversed")
        return Done({"recall": "N"})

    def _give_back(self, trade: Trade, work: Work) -> None:
        """All of it, at once."""
        mchid, number = trade.opening.merchant_id, f"reverse-{trade.opening.out_trade_no}"
        back = Refund(
            number,
            trade.opening.total_fen,
            work.now,
            "reverse",
            RefundState.SUCCEEDED,
            self._desk.numbers.refund_id(mchid, number, now=work.now),
            work.now,
        )
        self._desk.book.refund(trade, back, closed_by="reversed")


def _irreversible(trade: Trade, work: Work) -> Refusal | None:
    """
    Facts: wechatpay/v2-reverse.
    """
    if trade.opening.product != "barcode":
        return codes.NOT_BARCODE
    if work.now - trade.opening.created_at > _REVERSIBLE:
        return codes.REVERSE_EXPIRE
    if trade.notes.get(PAYING) == TradeWord.USERPAYING:
        return codes.PAYING_NOW
    refunded = bool(trade.refunds) and trade.closed_by != "reversed"
    return codes.REFUNDED_BEFORE if refunded else None
