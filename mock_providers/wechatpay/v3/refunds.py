"""
Refunds: asked for, asked about, and helped along when the buyer's card is dead.

A merchant's refund number is the refund: sent again with the same amounts it moves nothing, with others it is refused.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from mock_providers.core.books.book import Refund, RefundState, Trade, TradeState
from mock_providers.core.money import Fen
from mock_providers.errors import BookRefused
from mock_providers.wechatpay.desk import ASKED_SERIAL, REFUNDABLE_S, SUB_MCHID, V2, V3, Desk
from mock_providers.wechatpay.refunding import ENDING, NOTIFY_URL, STUCK_S, TOLD_IN, Refunding
from mock_providers.wechatpay.states import RefundWord, helped_note, refund_word_of
from mock_providers.wechatpay.times import rfc3339
from mock_providers.wechatpay.v3 import answers, cases, secrets
from mock_providers.wechatpay.v3.answers import Answer
from mock_providers.wechatpay.v3.fields import NOTIFY_URL as URL
from mock_providers.wechatpay.v3.fields import REFUND_NO, Group, Items, Number, Rules, Text, at
from mock_providers.wechatpay.v3.orders import Enter
from mock_providers.wechatpay.v3.visit import Api, Clues, Visit

REFUNDS_MAX = 50
_RULES = Rules(
    Text(("sub_mchid",), "子商户号", 1, 32),
    Text(("transaction_id",), "微信支付订单号", 1, 32),
    Text(("out_trade_no",), "商户订单号", 6, 32),
    Text(("out_refund_no",), "商户退款单号", 1, 64, REFUND_NO, required=True),
    Text(("reason",), "退款原因", 0, 80),
    Text(("notify_url",), "退款结果回调url", 0, 256, URL),
    Text(("funds_account",), "退款资金来源", 0, 32),
    Group(("amount",), "金额信息", required=True),
    Number(("amount", "refund"), "退款金额", 1, required=True),
    Number(("amount", "total"), "原订单金额", 1, required=True),
    Text(("amount", "currency"), "退款币种", 1, 16, required=True),
    Items(
        ("amount", "from"),
        "退款出资账户及金额",
        Rules(
            Text(("account",), "出资账户类型", 1, 32, required=True), Number(("amount",), "出资金额", 1, required=True)
        ),
    ),
    Items(("goods_detail",), "退款商品", Rules(Text(("merchant_goods_id",), "商户侧商品编码", 1, 32, required=True))),
)
_ABNORMAL_RULES = Rules(
    Text(("out_refund_no",), "商户退款单号", 1, 64, REFUND_NO, required=True),
    Text(("type",), "异常退款处理方式", 1, 32, required=True),
    Text(("bank_type",), "开户银行", 0, 32),
    Text(("bank_account",), "收款银行卡号", 0, 1024),
    Text(("real_name",), "收款用户姓名", 0, 1024),
)
# What a request may ask a refund to end with, by `Wechatpay-Negative-Test`. Facts: wechatpay/acceptance
_ENDINGS = {"REFUND_ABNORMAL": "abnormal", "REFUND_CLOSED": "closed"}


class Refunds:
    """The APIs about refunds."""

    def __init__(self, desk: Desk, refunding: Refunding) -> None:
        self._desk = desk
        self._refunding = refunding

    def create(self, visit: Visit) -> Answer:
        """
        Accept a refund, or recognise one.

        Facts: wechatpay/refund, wechatpay/refund-rules
        """
        _RULES.check(visit.body)
        refusal = _ill_matched(visit) or cases.refusal(visit.case, "refund")
        if refusal is not None:
            return refusal
        trade = self._trade(visit)
        if trade is None or trade.paid_at is None or _elsewhere(trade, visit.body):
            return answers.refused("RESOURCE_NOT_EXISTS", "订单不存在")
        amount = visit.body["amount"]
        earlier = self._earlier(trade, visit)
        if earlier is not None and earlier[0] is not trade:
            return answers.refused("INVALID_REQUEST", "您的请求参数与订单信息不一致")
        if amount["total"] != trade.opening.total_fen:
            mismatch = "REFUND_FEE_MISMATCH" if earlier else "INVALID_REQUEST"
            return answers.refused(mismatch, "您的请求参数与订单信息不一致" if not earlier else "")
        if earlier is not None:
            return self._again(trade, earlier[1], visit)
        refusal = self._impossible(trade, amount["refund"], visit)
        return refusal or self._begin(trade, visit)

    def _trade(self, visit: Visit) -> Trade | None:
        """
        By the platform's number, which wins; one of the two is there, and if both are they agree.
        """
        mchid, number = visit.merchant.mchid, visit.body.get("out_trade_no")
        transaction_id = visit.body.get("transaction_id")
        if not transaction_id:
            return self._desk.order(mchid, number or "")
        trade = self._desk.paid_trade(mchid, transaction_id)
        return trade if trade is None or number in {None, "", trade.opening.out_trade_no} else None

    def _earlier(self, trade: Trade, visit: Visit) -> tuple[Trade, Refund] | None:
        """A refund of that number, of this trade or of any other of the merchant's."""
        number = visit.body["out_refund_no"]
        known = trade.refunds.get(number)
        if known is not None:
            return trade, known
        return self._desk.refund_by_number(visit.merchant.mchid, number)

    def _again(self, trade: Trade, earlier: Refund, visit: Visit) -> Answer:
        if earlier.amount_fen != visit.body["amount"]["refund"]:
            return answers.refused("REFUND_FEE_MISMATCH")
        return answers.ok(refund_object(trade, earlier))

    def _impossible(self, trade: Trade, amount_fen: int, visit: Visit) -> Answer | None:
        assert trade.paid_at is not None
        if visit.now - trade.paid_at > timedelta(seconds=REFUNDABLE_S) or trade.state is TradeState.FINISHED:
            return answers.refused("TRADE_OVERDUE")
        if len(trade.refunds) >= REFUNDS_MAX:
            return answers.refused("INVALID_REQUEST", "部分退款次数超限")
        if trade.refundable_fen == 0:
            return answers.refused("INVALID_REQUEST", "订单已全额退款")
        if amount_fen > trade.refundable_fen:
            return answers.refused("INVALID_REQUEST", "退款金额大于可退金额")
        return None

    def _begin(self, trade: Trade, visit: Visit) -> Answer:
        body = visit.body
        url = body.get("notify_url") or ""
        portal = self._desk.policy.refund_notify_url
        number = body["out_refund_no"]
        made = Refund(
            out_request_no=number,
            amount_fen=Fen(body["amount"]["refund"]),
            at=visit.now,
            reason=body.get("reason") or "",
            state=RefundState.PROCESSING,
            refund_no=self._desk.numbers.refund_id(visit.merchant.mchid, number, now=visit.now),
            details={
                NOTIFY_URL: url or portal,
                # Told in XML where only the portal names an address. Facts: wechatpay/notify-events
                ASKED_SERIAL: visit.serial,
                TOLD_IN: V3 if url or not portal else V2,
                ENDING: visit.ending or _ENDINGS.get(cases.case_of(visit.case), ""),
                STUCK_S: f"{visit.stuck_s:g}",
                "user_received_account": "支付用户零钱",
                "funds_account": body.get("funds_account") or "AVAILABLE",
            },
        )
        try:
            self._refunding.begin(trade, made)
        except BookRefused:
            return answers.refused("TRADE_ERROR")
        return answers.ok(refund_object(trade, made))

    def query(self, visit: Visit) -> Answer:
        """
        Facts: wechatpay/refund-query.
        """
        refusal = cases.refusal(visit.case, "refund_query")
        if refusal is not None:
            return refusal
        found = self._desk.refund_by_number(visit.merchant.mchid, visit.path["number"])
        if found is None or _elsewhere(found[0], visit.parameters):
            return answers.refused("RESOURCE_NOT_EXISTS", "退款单不存在")
        return answers.ok(refund_object(*found))

    def apply_abnormal(self, visit: Visit) -> Answer:
        """
        A stuck refund finds another way.

        Facts: wechatpay/abnormal-refund
        """
        _ABNORMAL_RULES.check(visit.body)
        for name in ("bank_account", "real_name"):
            secrets.opened(self._desk.keys, visit, visit.body.get(name), name)
        found = self._desk.refund_by_number(visit.merchant.mchid, visit.body["out_refund_no"])
        if found is None or found[1].refund_no != visit.path["number"]:
            return answers.refused("RESOURCE_NOT_EXISTS", "退款单不存在")
        trade, refund = found
        if refund_word_of(trade, refund) is not RefundWord.ABNORMAL:
            return answers.refused("INVALID_REQUEST", "退款单状态不是退款异常")
        self._refunding.help_along(trade, refund)
        return answers.ok(refund_object(trade, refund))


def refund_object(trade: Trade, refund: Refund) -> dict[str, object]:
    """
    A refund as create and query show it.

    Facts: wechatpay/refund
    """
    word = refund_word_of(trade, refund)
    helped = helped_note(refund.out_request_no) in trade.notes
    total, amount_fen = trade.opening.total_fen, refund.amount_fen
    said: dict[str, object] = {
        "refund_id": refund.refund_no,
        "out_refund_no": refund.out_request_no,
        "transaction_id": trade.trade_no,
        "out_trade_no": trade.opening.out_trade_no,
        "channel": "OTHER_BANKCARD" if helped else "ORIGINAL",
        "user_received_account": refund.details.get("user_received_account", ""),
        "create_time": rfc3339(refund.at),
        "status": word,
        "funds_account": refund.details.get("funds_account", "AVAILABLE"),
        "amount": {
            "total": total,
            "refund": amount_fen,
            "payer_total": total,
            "payer_refund": amount_fen,
            "settlement_refund": amount_fen,
            "settlement_total": total,
            "discount_refund": 0,
            "currency": "CNY",
        },
        "promotion_detail": [],
    }
    if word is RefundWord.SUCCESS and refund.settled_at is not None:
        said["success_time"] = rfc3339(refund.settled_at)
    return said


def _elsewhere(trade: Trade, said: Mapping[str, Any]) -> bool:
    """
    Whether a trade is another merchant's than the one below the service provider that is named.

    Facts: wechatpay/partner
    """
    return (trade.opening.details.get(SUB_MCHID) or "") != (said.get(SUB_MCHID) or "")


def _ill_matched(visit: Visit) -> Answer | None:
    """What rules for single fields cannot tell."""
    body = visit.body
    if not body.get("transaction_id") and not body.get("out_trade_no"):
        return answers.refused("PARAM_ERROR", "transaction_id和out_trade_no必须二选一")
    if body["amount"]["currency"] != "CNY":
        detail = {
            "field": "/amount/currency",
            "value": body["amount"]["currency"],
            "issue": "只支持CNY",
            "location": "body",
        }
        return answers.refused("PARAM_ERROR", "不支持的货币类型", detail=detail)
    parts = at(body, "amount", "from")
    if parts and sum(part["amount"] for part in parts) != body["amount"]["refund"]:
        return answers.refused("PARAM_ERROR", "出资金额之和与退款金额不一致")
    if body["amount"]["refund"] > body["amount"]["total"]:
        return answers.refused("PARAM_ERROR", "退款金额大于原订单金额")
    return None


def _order_asked(desk: Desk, clues: Clues) -> str:
    """The order behind a refund, by either of its numbers."""
    number = clues.text("out_trade_no")
    if number:
        return number
    trade = desk.book.by_trade_no("wechatpay", clues.text("transaction_id"), now=desk.now())
    return "" if trade is None else trade.opening.out_trade_no


def _order_refunded(desk: Desk, clues: Clues) -> str:
    for mchid in desk.merchants:
        found = desk.refund_by_number(mchid, clues.path.get("number", ""))
        if found is not None:
            return found[0].opening.out_trade_no
    return ""


def enter(add: Enter, desk: Desk, *, refunding: Refunding) -> None:
    """
    The APIs of this module.

    Facts: wechatpay/api-list
    """
    mine = Refunds(desk, refunding)
    asked: Callable[[Clues], str] = partial(_order_asked, desk)
    base = "/v3/refund/domestic/refunds"
    add("POST", base, Api("v3.refund", mine.create, asked, has_body=True))
    add("GET", f"{base}/{{number}}", Api("v3.refund.query", mine.query, partial(_order_refunded, desk)))
    abnormal = Api("v3.refund.abnormal", mine.apply_abnormal, asked, has_body=True)
    add("POST", f"{base}/{{number}}/apply-abnormal-refund", abnormal)
