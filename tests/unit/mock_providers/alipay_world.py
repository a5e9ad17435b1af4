"""
A platform with a past: orders in every state, transfers, another seller, and three sets of switches; and the valid
requests that meet them, so that each code that a condition can bring about has a request that brings it about.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from mock_providers.alipay.pay import strange_buyers
from mock_providers.alipay.transfers import strange_payees
from mock_providers.core.books.book import Opening, Refund, RefundState, Trade
from mock_providers.core.books.payouts import Payout, PayoutState
from mock_providers.core.money import Fen
from tests.unit.mock_providers.alipay_desk import NOTIFY_URL, Desk
from tests.unit.mock_providers.desks import T0

USUAL, NARROW, POOR = "usual", "narrow", "poor"
# Switches by world. In the narrow one some contracts are missing; in the poor one there is no money.
WORLDS: Mapping[str, Mapping[str, Any]] = {
    USUAL: {"payout_needs_certificate": False},
    NARROW: {
        "payout_needs_certificate": False,
        "products_not_signed": frozenset({"barcode", "payout"}),
        "refunds_whole_only": True,
    },
    POOR: {
        "payout_needs_certificate": False,
        "balance_fen": 0,
        "receipt_max_fen": 10_000,
        "refund_spacing_s": 3.0,
        "needs_buyer_ip": True,
        "payout_needs_scene": True,
    },
}
BUYER, SOMEBODY, STRANGER = "2088000000000001", "2088000000000002", "2088999999999999"
PRODUCT = {"product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER"}


@dataclass(frozen=True)
class Asked:
    """
    A valid request, and the world that it is made in.
    """

    method: str
    fields: Mapping[str, Any]
    world: str = USUAL
    common: Mapping[str, str] = field(default_factory=lambda: {"notify_url": NOTIFY_URL})


def desks(directory: Path) -> dict[str, Desk]:
    return {name: Desk(directory, **switches) for name, switches in WORLDS.items()}


# What has happened before


def furnish(desk: Desk) -> None:
    """
    A fresh book with one order in every state.
    """
    desk.book.clear()
    desk.labels.forget()
    desk.schedule.clear()
    desk.published.notices.clear()
    _unpaid(desk)
    _paid(desk)
    _payouts(desk)


def _order(desk: Desk, number: str, *, product: str = "qr", days: float = 0, merchant_id: str = "") -> Trade:
    at = T0 - timedelta(days=days)
    return desk.book.open(
        Opening(
            provider="alipay",
            out_trade_no=number,
            merchant_id=merchant_id or desk.provider.merchants[0],
            app_id=desk.merchant.app_id,
            label="",
            subject="tip pp000001",
            total_fen=Fen(123),
            created_at=at,
            expires_at=at + timedelta(hours=2),
            refundable_s=365 * 86_400.0,
            notify_url=NOTIFY_URL,
            product=product,
            details={"charset": "utf-8", "sign_type": "RSA2", "buyer_user_id": BUYER},
        ),
        qr_code=f"https://qr.alipay.com/bax{number}" if product == "qr" else "",
    )


def _scanned(desk: Desk, number: str, **about: Any) -> Trade:
    trade = _order(desk, number, **about)
    desk.book.scan(trade, trade_no=desk.provider.new_trade_no(trade), now=trade.opening.created_at)
    return trade


def _unpaid(desk: Desk) -> None:
    _order(desk, "unscanned")
    _order(desk, "crowded").creations = 20
    _order(desk, "late", days=1)
    _scanned(desk, "waiting")
    _scanned(desk, "waiting-bar", product="barcode")
    _scanned(desk, "waiting-js", product="jsapi")
    desk.book.close(_scanned(desk, "closed"), now=T0)


def _paid(desk: Desk) -> None:
    for number, days in (("paid", 0), ("part", 0), ("held", 0), ("refunded", 0), ("aged", 2), ("finished", 400)):
        trade = _scanned(desk, number, days=days)
        desk.book.pay(trade, now=trade.opening.created_at)
    for number, fen, state in (
        ("part", 50, RefundState.SUCCEEDED),
        ("held", 50, RefundState.PROCESSING),
        ("refunded", 123, RefundState.SUCCEEDED),
    ):
        desk.book.refund(desk.trade(number), Refund(f"{number}-r1", Fen(fen), T0, "returned", state))
    stranger = _scanned(desk, "stranger-s", merchant_id=STRANGER)
    desk.book.pay(stranger, now=T0)


def _payouts(desk: Desk) -> None:
    own = desk.provider.merchants[0]
    same_as = "\n".join(("1.00", *PRODUCT.values(), SOMEBODY, "ALIPAY_USER_ID", ""))
    # The last one takes with it whatever the orders before have brought in.
    for number, merchant_id, fen in (("b-known", own, 100), ("b-stranger", STRANGER, 100), ("b-rent", own, 10_000)):
        details = {**PRODUCT, "same_as": same_as, "pay_fund_order_id": f"fund-{number}", "app_id": "x"}
        payout = Payout("alipay", merchant_id, number, f"order-{number}", Fen(fen), SOMEBODY, T0, details=details)
        desk.book.payouts.settle(desk.book.payouts.open(payout), PayoutState.SUCCEEDED, now=T0)


# What is asked

ORDER = {"out_trade_no": "new", "total_amount": "1.23", "subject": "tip pp000001"}
IP = {"business_params": {"mc_create_trade_ip": "127.0.0.1"}}
PRECREATE, CREATE, PAY = "alipay.trade.precreate", "alipay.trade.create", "alipay.trade.pay"
REFUND, APPLY, CANCEL, CLOSE = (
    "alipay.trade.refund",
    "alipay.trade.refund.apply",
    "alipay.trade.cancel",
    "alipay.trade.close",
)
QUERY, REFUND_QUERY = "alipay.trade.query", "alipay.trade.fastpay.refund.query"
BILL = "alipay.data.dataservice.bill.downloadurl.query"
TRANSFER, TRANSFER_QUERY = "alipay.fund.trans.uni.transfer", "alipay.fund.trans.common.query"
BARCODE = "280000000000000001"


def _creating() -> list[Asked]:
    """
    Orders that are fine, and orders that are refused for each reason there is.
    """
    wrong: list[dict[str, Any]] = [
        {"out_trade_no": "paid"}, {"out_trade_no": "refunded"}, {"out_trade_no": "late"}, {"out_trade_no": "crowded"},
        {"out_trade_no": "unscanned", "total_amount": "9.99"}, {"out_trade_no": "waiting", "buyer_id": STRANGER},
        {"buyer_id": "SELLER"}, {"total_amount": "0.00"}, {"trans_currency": "USD"}, {"subject": "违禁词"},
        {"discountable_amount": "1.00", "undiscountable_amount": "1.00"}, {"goods_detail": [{"goods_id": "1"}] * 151},
        {"time_expire": "2026-01-01 00:00:00"},
    ]  # fmt: skip
    return [
        Asked(PRECREATE, ORDER),
        Asked(PRECREATE, ORDER | {"out_trade_no": "unscanned"}),
        *[Asked(PRECREATE, ORDER | one) for one in wrong],
        Asked(PRECREATE, ORDER | IP | {"total_amount": "100.01"}, POOR),
        Asked(PRECREATE, ORDER, POOR),
        Asked(CREATE, ORDER | {"buyer_id": BUYER, "timeout_express": "5m"}),
        Asked(CREATE, ORDER | {"buyer_id": BUYER, "out_trade_no": "waiting-js"}),
    ]


def _paying() -> list[Asked]:
    by_code = {"scene": "bar_code", "auth_code": BARCODE}
    return [
        *[Asked(PAY, ORDER | by_code | {"auth_code": f"{prefix}0000000001"}) for prefix in strange_buyers()],
        Asked(PAY, ORDER | by_code | {"goods_detail": [{}]}),
        Asked(PAY, ORDER | by_code | {"out_trade_no": "waiting-bar"}),
        Asked(PAY, ORDER | by_code | {"total_amount": "2000"}),
        Asked(PAY, ORDER | by_code | {"auth_code": "110000000000000001"}),
        Asked(PAY, ORDER | by_code | {"scene": "smoke_signal"}),
        Asked(PAY, ORDER | by_code, NARROW),
    ]


def _ending() -> list[Asked]:
    some = {"out_trade_no": "paid", "refund_amount": "0.50", "out_request_no": "r1", "refund_reason": "x"}
    other: list[dict[str, Any]] = [
        {"out_trade_no": "part", "out_request_no": "part-r1"},
        {"out_trade_no": "part", "out_request_no": "part-r1", "refund_amount": "0.49"},
        {"out_trade_no": "part", "refund_amount": "1.00"}, {"out_request_no": None}, {"out_trade_no": "nobody"},
        {"out_trade_no": "waiting"}, {"out_trade_no": "closed"}, {"out_trade_no": "finished"}, {"out_trade_no": "held"},
        {"refund_currency": "USD"}, {"out_trade_no": "stranger-s"}, {"refund_amount": "1.23", "out_request_no": None},
    ]  # fmt: skip
    numbers = ("waiting", "paid", "part", "aged", "closed", "finished", "unscanned", "nobody")
    return [
        Asked(REFUND, some),
        Asked(APPLY, some),
        *[Asked(REFUND, some | one) for one in other],
        Asked(REFUND, some, NARROW),
        Asked(REFUND, some, POOR),
        Asked(REFUND, some | {"out_trade_no": "part"}, POOR),
        *[Asked(CANCEL, {"out_trade_no": number}) for number in numbers],
        Asked(CANCEL, {"out_trade_no": "paid"}, POOR),
        *[Asked(CLOSE, {"out_trade_no": number, "operator_id": "op"}) for number in ("waiting", "paid", "nobody")],
    ]


def _looking() -> list[Asked]:
    bills = [
        ("trade", "2026-01-01"), ("signcustomer", "2025-12-31"), ("trade", "2026-01-02"), ("trade", "2020-06-01"),
        ("zft_acc", "2026-01-01"), ("trade", "2025-12"), ("trade", "2024-11"),
    ]  # fmt: skip
    return [
        *[Asked(QUERY, {"out_trade_no": number, "query_options": ["fund_bill_list"]}) for number in ("paid", "nobody")],
        *[Asked(REFUND_QUERY, {"out_trade_no": one, "out_request_no": "part-r1"}) for one in ("part", "nobody")],
        *[Asked(BILL, {"bill_type": kind, "bill_date": day}) for kind, day in bills],
        Asked(TRANSFER_QUERY, {"out_biz_no": "b-known", "product_code": PRODUCT["product_code"]}),
        Asked(TRANSFER_QUERY, {"out_biz_no": "b-nobody"}),
        Asked(TRANSFER_QUERY, {"order_id": "order-b-stranger"}),
    ]


def _transferring() -> list[Asked]:
    wanted: dict[str, Any] = {"out_biz_no": "b1", "trans_amount": "1.00", **PRODUCT, "remark": "r"}
    wanted |= {"payee_info": {"identity": SOMEBODY, "identity_type": "ALIPAY_USER_ID"}}
    other: list[dict[str, Any]] = [
        {"out_biz_no": "b-known"}, {"out_biz_no": "b-known", "trans_amount": "2.00"}, {"trans_amount": "0.09"},
        {"trans_amount": "100000000.01"}, {"trans_amount": "50000", "remark": ""}, {"remark": "违禁词"},
        {"transfer_scene_name": "喝酒"}, {"transfer_scene_name": "佣金报酬", "transfer_scene_report_infos": [{}]},
        {"payee_info": {"identity": "SELLER", "identity_type": "ALIPAY_USER_ID"}}, {"transfer_scene_name": "业务结算"},
    ]  # fmt: skip
    strange = [{"identity": one, "identity_type": "ALIPAY_LOGON_ID", "name": "张三"} for one in strange_payees()]
    return [
        Asked(TRANSFER, wanted),
        *[Asked(TRANSFER, wanted | one) for one in other],
        *[Asked(TRANSFER, wanted | {"payee_info": one}) for one in strange],
        Asked(TRANSFER, wanted, NARROW),
        Asked(TRANSFER, wanted, POOR),
        Asked(TRANSFER, wanted | {"transfer_scene_name": "业务结算"}, POOR),
    ]


def _pages() -> list[Asked]:
    return [
        Asked("alipay.trade.page.pay", ORDER | {"product_code": "FAST_INSTANT_TRADE_PAY", "timeout_express": "5m"}),
        Asked("alipay.trade.wap.pay", ORDER | {"quit_url": "http://127.0.0.1:9/quit"}),
        Asked("alipay.trade.app.pay", ORDER | {"passback_params": "a%3d1"}),
    ]


def _consents() -> list[Asked]:
    return [
        Asked("alipay.system.oauth.token", {}, common={"grant_type": "authorization_code", "code": "x"}),
        Asked("alipay.open.auth.token.app", {"grant_type": "authorization_code", "code": "x"}),
        Asked("alipay.open.auth.token.app.query", {"app_auth_token": "x"}),
        Asked("alipay.open.app.alipaycert.download", {"alipay_cert_sn": "0"}),
    ]


POOL = (*_creating(), *_paying(), *_ending(), *_looking(), *_transferring(), *_pages(), *_consents())
