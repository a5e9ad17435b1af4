"""
Payments by the code that a buyer shows (付款码), and taking them back.

Facts: wechatpay/codepay
"""

from collections.abc import Mapping
from datetime import timedelta

from mock_providers.core.books.book import Opening, Refund, RefundState, Trade, TradeState
from mock_providers.core.money import Fen
from mock_providers.core.shared import shared
from mock_providers.wechatpay.desk import LANGUAGE, PROVIDER_NAME, REFUNDABLE_S, V3, Desk
from mock_providers.wechatpay.shown_codes import Outcome, outcome_of
from mock_providers.wechatpay.states import PAYING, TradeWord, word_of
from mock_providers.wechatpay.v3 import answers, cases
from mock_providers.wechatpay.v3.answers import Answer
from mock_providers.wechatpay.v3.fields import Group, Rules, Text, at
from mock_providers.wechatpay.v3.orders import (
    COMMON_RULES,
    UNPAID_LIFE,
    Enter,
    fingerprint_of,
    in_body,
    mchid_differs,
    named,
    stranger,
    transaction_object,
)
from mock_providers.wechatpay.v3.visit import Api, Visit

_REVERSIBLE = timedelta(days=7)
_RULES = Rules(
    *(rule for rule in COMMON_RULES if rule.path not in {("notify_url",), ("scene_info", "payer_client_ip")}),
    Group(("payer",), "支付者", required=True),
    Text(("payer", "auth_code"), "付款码", 1, 32, required=True),
)
_REVERSE_RULES = Rules(
    Text(("appid",), "公众号ID", 1, 32, required=True),
    Text(("mchid",), "直连商户号", 1, 32, required=True),
)
# Refused before anything is entered, or after it.
_REFUSED: Mapping[Outcome, str] = {
    Outcome.INVALID: "AUTH_CODE_INVALID",
    Outcome.ERROR: "AUTH_CODE_INVALID",
    Outcome.EXPIRED: "AUTH_CODE_EXPIRE",
}
_FAILED: Mapping[Outcome, str] = {
    Outcome.NOT_ENOUGH: "NOT_ENOUGH",
    Outcome.CARD: "TRADE_ERROR",
    Outcome.BUYER_MISMATCH: "TRADE_ERROR",
}
# Paid, and the answer does not say so.
_UNKNOWN: Mapping[Outcome, str] = {Outcome.BANK_ERROR: "BANK_ERROR", Outcome.SYSTEM_ERROR: "SYSTEM_ERROR"}
# By the acceptance header. Facts: wechatpay/acceptance
_CASES: Mapping[str, Outcome] = {
    "USER_PAYING": Outcome.PASSWORD,
    "PAYERROR": Outcome.PAYERROR,
}
# What timers are set for.
_TYPED = "v3.password"


class CodePay:
    """Payment by code, and its reversal."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        desk.timers.serve(_TYPED, self._typed)

    def pay(self, visit: Visit) -> Answer:
        """Take a payment; the answer says how it went, or that nobody knows yet."""
        _RULES.check(visit.body)
        refusal = stranger(visit) or cases.refusal(visit.case, "codepay")
        if refusal is not None:
            return refusal
        body = visit.body
        known = self._desk.order(visit.merchant.mchid, body["out_trade_no"])
        if known is not None:
            return self._again(known, visit)
        outcome = _CASES.get(cases.case_of(visit.case)) or outcome_of(
            body["payer"]["auth_code"], body["amount"]["total"]
        )
        if outcome in _REFUSED:
            return answers.refused(_REFUSED[outcome])
        return self._paid(self._open(visit), outcome)

    def _open(self, visit: Visit) -> Trade:
        body, mchid = visit.body, visit.merchant.mchid
        opening = Opening(
            provider=PROVIDER_NAME,
            out_trade_no=body["out_trade_no"],
            merchant_id=mchid,
            app_id=shared(body["appid"]),
            label=visit.label,
            subject=body["description"],
            total_fen=Fen(body["amount"]["total"]),
            created_at=visit.now,
            expires_at=visit.now + UNPAID_LIFE,
            refundable_s=REFUNDABLE_S,
            product="barcode",
            details={
                LANGUAGE: V3,
                "attach": body.get("attach") or "",
                "device_id": at(body, "scene_info", "device_id") or "",
                "openid": "",
                "fingerprint": fingerprint_of("codepay", body),
            },
        )
        transaction_id = self._desk.numbers.transaction_id(mchid, opening.out_trade_no, now=visit.now)
        return self._desk.book.open(opening, trade_no=transaction_id)

    def _paid(self, trade: Trade, outcome: Outcome) -> Answer:
        """Facts: wechatpay/v2-shown-codes."""
        if outcome in {Outcome.PASSWORD, Outcome.PASSWORD_NEVER}:
            trade.notes[PAYING] = TradeWord.USERPAYING
            given = "given" if outcome is Outcome.PASSWORD else ""
            self._desk.later(self._desk.policy.password_s, _TYPED, trade, password=given)
            return answers.refused("USER_PAYING")
        if outcome is Outcome.PAYERROR:
            trade.notes[PAYING] = TradeWord.PAYERROR
            return self._told(trade)
        if outcome in _FAILED:
            return answers.refused(_FAILED[outcome])
        self._desk.book.pay(trade, now=self._desk.now())
        return answers.refused(_UNKNOWN[outcome]) if outcome in _UNKNOWN else self._told(trade)

    def _told(self, trade: Trade) -> Answer:
        return answers.ok(transaction_object(trade, word_of(trade)))

    def _typed(self, mchid: str, about: Mapping[str, str]) -> None:
        """The buyer has given the password, or has put the phone away."""
        trade = self._desk.typing(mchid, about["order"])
        if trade is None:
            return
        if about["password"]:
            trade.notes.pop(PAYING)
            self._desk.book.pay(trade, now=self._desk.now())
        else:
            trade.notes[PAYING] = TradeWord.PAYERROR

    def _again(self, trade: Trade, visit: Visit) -> Answer:
        """
        Facts: wechatpay/create-again.
        """
        if trade.opening.details.get("fingerprint") != fingerprint_of("codepay", visit.body):
            if self._desk.policy.duplicate_number == "field":
                return answers.refused("INVALID_REQUEST", "201 商户订单号重复")
            return answers.refused("OUT_TRADE_NO_USED")
        if trade.notes.get(PAYING) == TradeWord.USERPAYING:
            return answers.refused("USER_PAYING")
        if trade.state is TradeState.CLOSED and trade.paid_at is None:
            return answers.refused("ORDER_CLOSED")
        return self._told(trade)

    def reverse(self, visit: Visit) -> Answer:
        """
        Take a payment back, whatever has become of it.

        Facts: wechatpay/trade-states
        """
        _REVERSE_RULES.check(visit.body)
        if visit.body["mchid"] != visit.merchant.mchid:
            return mchid_differs(visit.body["mchid"])
        trade = self._desk.order(visit.merchant.mchid, visit.path["number"])
        if trade is None:
            return answers.refused("ORDER_NOT_EXIST")
        refusal = cases.refusal(visit.case, "reverse") or _irreversible(trade, visit)
        if refusal is not None:
            return refusal
        if trade.paid_at is not None and trade.closed_by != "reversed":
            self._give_back(trade, visit)
        elif trade.state is not TradeState.CLOSED:
            trade.notes.pop(PAYING, None)
            self._desk.book.close(trade, now=visit.now, by="reversed")
        names = {"appid": trade.opening.app_id, "mchid": trade.opening.merchant_id}
        return answers.ok({**names, "out_trade_no": trade.opening.out_trade_no})

    def _give_back(self, trade: Trade, visit: Visit) -> None:
        """All of it, at once."""
        mchid, number = trade.opening.merchant_id, f"reverse-{trade.opening.out_trade_no}"
        back = Refund(
            out_request_no=number,
            amount_fen=trade.opening.total_fen,
            at=visit.now,
            reason="reverse",
            state=RefundState.SUCCEEDED,
            refund_no=self._desk.numbers.refund_id(mchid, number, now=visit.now),
            settled_at=visit.now,
        )
        self._desk.book.refund(trade, back, closed_by="reversed")


def _irreversible(trade: Trade, visit: Visit) -> Answer | None:
    if trade.opening.product != "barcode":
        return answers.refused("INVALID_REQUEST", "只支持撤销付款码支付的订单")
    if visit.now - trade.opening.created_at > _REVERSIBLE:
        return answers.refused("TRADE_ERROR", "订单已超过可撤销的期限")
    if trade.notes.get(PAYING) == TradeWord.USERPAYING:
        return answers.refused("USER_PAYING")
    if trade.refunds and trade.closed_by != "reversed":
        return answers.refused("TRADE_ERROR", "订单发生过退款，不能撤销")  # noqa: RUF001
    return None


def enter(add: Enter, desk: Desk) -> None:
    """
    The APIs of this module.

    Facts: wechatpay/api-list
    """
    mine = CodePay(desk)
    add("POST", "/v3/pay/transactions/codepay", Api("v3.pay.codepay", mine.pay, in_body, has_body=True))
    reverse = Api("v3.pay.reverse", mine.reverse, named, has_body=True)
    add("POST", "/v3/pay/transactions/out-trade-no/{number}/reverse", reverse)
