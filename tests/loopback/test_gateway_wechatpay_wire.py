"""
The gateway's two WeChat Pay channels and the simulator, over sockets: each written from the facts alone.
"""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reference_gateway.channels.port import EndState, OpeningState, PayoutState, RefundState, TradeState
from reference_gateway.clock import SystemClock
from reference_gateway.domain.money import Fen
from reference_gateway.domain.notice import NoticeKind
from reference_gateway.domain.payout import Payout
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable
from tests.contract import samples_live
from tests.contract.samples import refund
from tests.loopback.sandbox import Sandbox, sandbox
from tests.loopback.wechatpay_channels import OPENID, V2, V3, ask, gateway_channel, order

pytestmark = pytest.mark.asyncio
DAY_S = 86_400
CODE = "13456789012345"


@pytest.fixture(params=[V3, V2])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def buyer(box: Sandbox, action: str, number: str = "GW00000001") -> None:
    await box.control("POST", f"/trades/wechatpay/{number}/buyer", {"action": action})


async def scanned(box: Sandbox, text: str) -> None:
    """
    What the buyer's phone does with a code, a link, or the parameters that a page or an app hands it.
    """
    await box.control("POST", "/qr", {"qr_code": text, "action": "pay"})


def returned(number: int = 1, **changes: Any) -> Any:
    return refund(number, out_request_no=f"GWR0000000{number}", **changes)


def payout(**changes: Any) -> Payout:
    values = {"account": OPENID, "account_name": None, "amount_fen": Fen(1234), "out_payout_no": "GWP00000001"}
    return samples_live.payout(**{**values, **changes})


async def test_a_code_is_shown_paid_refunded_and_told(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        assert (await own.query(order())).state is TradeState.MISSING
        opening = await own.pay(order(), ask(box))
        assert opening.params["qr_code"].startswith("weixin://wxpay/")
        assert (await own.query(order())).state is TradeState.WAITING
        await scanned(box, opening.params["qr_code"])
        report = await own.query(order())
        assert (report.state, report.amount_fen) == (TradeState.PAID, 100)
        assert report.paid_at is not None
        (one,) = await box.receiver.until(1)
        notice = own.parse_notify(one.headers, one.body)
        assert (notice.kind, notice.channel, notice.out_trade_no) == (NoticeKind.PAID, name, "GW00000001")
        assert (notice.channel_trade_no, notice.amount_fen) == (report.channel_trade_no, 100)
        assert notice.paid_at == report.paid_at


async def test_a_refund_is_taken_arrives_and_is_told(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        await own.pay(order(), ask(box))
        assert (await own.query_refund(order(), returned())).state is RefundState.MISSING
        with pytest.raises(ChannelRefused):
            await own.refund(order(), returned())
        await buyer(box, "pay")
        for _ in range(2):
            taken = await own.refund(order(), returned(reason="不想要了"))
            assert taken.state in {RefundState.PROCESSING, RefundState.UNCONFIRMED}
        assert (await own.query_refund(order(), returned())).state is RefundState.PROCESSING
        await box.advance(10)
        ended = await own.query_refund(order(), returned())
        assert ended.state is RefundState.SUCCEEDED
        assert ended.channel_refund_no == taken.channel_refund_no
        notices = [own.parse_notify(one.headers, one.body) for one in await box.receiver.until(2)]
        assert [notice.kind for notice in notices] == [NoticeKind.PAID, NoticeKind.REFUNDED]
        assert (notices[1].refund_no, notices[1].amount_fen) == ("GWR00000001", 100)
        assert (await own.query(order())).state is TradeState.PAID, "refunded in part is still paid"


async def test_a_refund_that_drifts_or_exceeds_is_refused(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        await own.pay(order(), ask(box))
        await buyer(box, "pay")
        await own.refund(order(), returned())
        with pytest.raises(ChannelRefused) as drifted:
            await own.refund(order(), returned(amount_fen=Fen(41)))
        assert drifted.value.reason == "REFUND_FEE_MISMATCH"
        with pytest.raises(ChannelRefused):
            await own.refund(order(), returned(2, amount_fen=Fen(100)))
        with pytest.raises(ChannelOutcomeUnknown):
            await own.query_refund(order(), returned(amount_fen=Fen(41)))


@pytest.mark.parametrize(("ending", "state"), [("closed", RefundState.FAILED), ("abnormal", RefundState.PROCESSING)])
async def test_a_refund_fails_for_good_or_gets_stuck(credentials_dir, name, ending, state):
    async with (
        sandbox(credentials_dir, wechatpay_refund_ending=ending) as box,
        gateway_channel(box, credentials_dir, name=name) as own,
    ):
        await own.pay(order(), ask(box))
        await buyer(box, "pay")
        await own.refund(order(), returned())
        await box.advance(10)
        assert (await own.query_refund(order(), returned())).state is state
        notice = own.parse_notify((await box.receiver.until(2))[1].headers, box.receiver.received[1].body)
        assert notice.kind is NoticeKind.REFUNDED


@pytest.mark.parametrize("product", ["jsapi", "app"])
async def test_the_wallet_takes_the_parameters_that_the_gateway_signed(box, credentials_dir, name, product):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        opening = await own.pay(order(product), ask(box, payer_id=OPENID))
        spoilt = {key: value for key, value in opening.params.items() if key not in {"nonceStr", "noncestr"}}
        wrong = spoilt | {"nonceStr" if product == "jsapi" else "noncestr": "another"}
        await box.control("POST", "/qr", {"qr_code": json.dumps(wrong), "action": "pay"}, status=409)
        assert (await own.query(order(product))).state is TradeState.WAITING
        await scanned(box, json.dumps(dict(opening.params)))
        assert (await own.query(order(product))).state is TradeState.PAID


async def test_a_page_inside_wechat_needs_to_know_its_buyer(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        with pytest.raises(ChannelRefused) as refused:
            await own.pay(order("jsapi"), ask(box))
        assert refused.value.reason == "payer_id_missing"
        with pytest.raises(ChannelRefused) as refused:
            await own.pay(order("page"), ask(box))
        assert refused.value.reason == "unsupported"
        assert (await own.query(order("jsapi"))).state is TradeState.MISSING


async def test_a_phones_browser_is_sent_to_the_cashier_and_back(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        opening = await own.pay(order("h5"), ask(box, return_url="https://live.example/back?a=1&b=2"))
        url = opening.params["url"]
        assert url.endswith("&redirect_url=https%3A%2F%2Flive.example%2Fback%3Fa%3D1%26b%3D2")
        await scanned(box, url)
        assert (await own.query(order("h5"))).state is TradeState.PAID


@pytest.mark.parametrize("product", ["qr", "jsapi", "app", "h5"])
async def test_opening_again_opens_nothing_new(box, credentials_dir, name, product):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        for _ in range(2):
            opening = await own.pay(order(product, expires_at=LAST_MOMENT), ask(box, payer_id=OPENID))
            assert opening.state is OpeningState.READY
        await buyer(box, "pay")
        again = await own.pay(order(product, expires_at=LAST_MOMENT), ask(box, payer_id=OPENID))
        assert again.state is OpeningState.PAID
        assert again.report is not None
        assert again.report.state is TradeState.PAID
        assert len((await box.control("GET", "/trades"))["items"]) == 1


LAST_MOMENT = (SystemClock().now() + timedelta(hours=1)).replace(microsecond=0)


@pytest.mark.parametrize("answered", ["documented", "field"])
async def test_an_order_that_drifted_is_closed_before_it_is_refused(credentials_dir, name, answered):
    async with (
        sandbox(credentials_dir, wechatpay_duplicate_number=answered) as box,
        gateway_channel(box, credentials_dir, name=name) as own,
    ):
        await own.pay(order(), ask(box))
        with pytest.raises(ChannelRefused):
            await own.pay(order(amount_fen=Fen(101)), ask(box))
        assert (await own.query(order())).state is TradeState.CLOSED, "nobody may pay it any more"
        with pytest.raises(ChannelRefused):
            await own.pay(order(), ask(box))


@pytest.mark.parametrize("unknown", ["accepted", "refused"])
async def test_closing_ends_an_order_once_and_a_wrong_number_is_found_out(credentials_dir, name, unknown):
    async with (
        sandbox(credentials_dir, wechatpay_unknown_close=unknown) as box,
        gateway_channel(box, credentials_dir, name=name) as own,
    ):
        assert await own.close(order()) is EndState.MISSING
        await own.pay(order(), ask(box))
        assert [await own.close(order()) for _ in range(2)] == [EndState.CLOSED] * 2
        await own.pay(order(number="GW00000002"), ask(box))
        await buyer(box, "pay", "GW00000002")
        assert await own.close(order(number="GW00000002")) is EndState.PAID
        assert await own.reverse(order(number="GW00000002")) is EndState.PAID, "only codes can be reversed"


async def test_closing_while_the_buyer_pays_is_asked_again(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        await own.pay(order(), ask(box))
        await box.rule("busy", {"on": "reply", "api": "*close*"})
        assert await own.close(order()) is EndState.WAITING


async def test_a_shown_code_is_charged_and_can_be_taken_back(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        opening = await own.pay(order("barcode"), ask(box, auth_code=CODE + "0000"))
        assert opening.state is OpeningState.PAID
        assert opening.report is not None
        assert opening.report.amount_fen == 100
        assert await own.close(order("barcode")) is EndState.PAID, "closing gives nothing back"
        assert [await own.reverse(order("barcode")) for _ in range(2)] == [EndState.CLOSED] * 2
        assert (await own.query(order("barcode"))).state is TradeState.CLOSED
        assert await own.reverse(order("barcode", number="GWnowhere1")) is EndState.MISSING


async def test_a_password_is_awaited_and_nothing_is_ended_meanwhile(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        opening = await own.pay(order("barcode"), ask(box, auth_code=CODE + "9990"))
        assert opening.state is OpeningState.WAITING
        assert (await own.query(order("barcode"))).state is TradeState.WAITING
        assert await own.reverse(order("barcode")) is EndState.WAITING
        assert await own.close(order("barcode")) is EndState.WAITING
        await box.advance(11)
        assert (await own.query(order("barcode"))).state is TradeState.PAID


# What each code's last digits lead to: raised while paying, then the trade's state. See wechatpay/v2-shown-codes.
SHOWN: dict[str, tuple[type[Exception], TradeState]] = {
    "9992": (ChannelRefused, TradeState.CLOSED),
    "9993": (ChannelRefused, TradeState.WAITING),
    "9994": (ChannelRefused, TradeState.MISSING),
    "9995": (ChannelRefused, TradeState.MISSING),
    "9996": (ChannelOutcomeUnknown, TradeState.PAID),
    "9997": (ChannelOutcomeUnknown, TradeState.PAID),
    "9998": (ChannelRefused, TradeState.WAITING),
    "9999": (ChannelRefused, TradeState.WAITING),
}


@pytest.mark.parametrize("digits", SHOWN)
async def test_a_code_that_cannot_be_charged_is_told_apart_from_one_that_may_have_been(
    box, credentials_dir, name, digits
):
    raised, state = SHOWN[digits]
    async with gateway_channel(box, credentials_dir, name=name) as own:
        with pytest.raises(raised):
            await own.pay(order("barcode"), ask(box, auth_code=CODE + digits))
        assert (await own.query(order("barcode"))).state is state
        if state is TradeState.WAITING:
            assert await own.close(order("barcode")) is EndState.CLOSED, "whatever is left open can be ended"


async def test_a_barcode_payment_needs_the_code(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        with pytest.raises(ChannelRefused) as refused:
            await own.pay(order("barcode"), ask(box))
        assert refused.value.reason == "auth_code_missing"


async def test_a_payout_is_sent_once_under_its_number(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        assert (await own.query_transfer(payout())).state is PayoutState.MISSING
        first = await own.transfer(payout())
        assert (await own.transfer(payout())).channel_payout_no == first.channel_payout_no
        with pytest.raises(ChannelOutcomeUnknown):
            await own.transfer(payout(amount_fen=Fen(1235)))
        await box.advance(10)
        assert (await own.query_transfer(payout())).state is PayoutState.SUCCEEDED
        paid = (await box.control("GET", "/payouts"))["items"]
        assert [one["out_biz_no"] for one in paid] == ["GWP00000001"]


async def test_the_end_of_a_payout_is_told_and_only_its_number_is_believed(box, credentials_dir):
    async with gateway_channel(box, credentials_dir, name=V3) as own:
        own._payouts._merchant = replace(own._payouts._merchant, refund_notify_url=box.receiver.url)
        await own.transfer(payout())
        await box.advance(10)
        told = (await box.receiver.until(1))[0]
        notice = own.parse_notify(told.headers, told.body)
        assert (notice.kind, notice.out_trade_no) == (NoticeKind.PAID_OUT, payout().out_payout_no)
        assert (notice.amount_fen, notice.channel_trade_no) == (0, "")


async def test_a_payout_of_much_money_names_its_payee(box, credentials_dir):
    async with gateway_channel(box, credentials_dir, name=V3) as own:
        with pytest.raises(ChannelRefused) as refused:
            await own.transfer(payout(amount_fen=Fen(200_000)))
        assert refused.value.reason == "account_name_missing"
        assert (await own.transfer(payout(amount_fen=Fen(200_000), account_name="张三"))).channel_payout_no


async def test_a_red_packet_is_opened_or_comes_back(credentials_dir):
    async with (
        sandbox(credentials_dir, wechatpay_transfer_confirm_s=3.0) as box,
        gateway_channel(box, credentials_dir, name=V2, wechatpay_payout_way="red_packet") as own,
    ):
        assert (await own.query_transfer(payout())).state is PayoutState.MISSING
        for _ in range(2):
            assert (await own.transfer(payout())).state is PayoutState.PROCESSING
        assert (await own.query_transfer(payout())).state is PayoutState.PROCESSING
        await box.advance(10)
        assert (await own.query_transfer(payout())).state is PayoutState.SUCCEEDED


async def test_a_bill_says_what_happened_and_an_empty_day_nothing(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        for number in ("GW00000001", "GW00000002"):
            await own.pay(order(number=number), ask(box))
            await buyer(box, "pay", number)
        await own.refund(order(), returned())
        today = (SystemClock().now() + timedelta(hours=8)).date()
        await box.advance(2 * DAY_S)
        rows = await own.download_bill(today)
        told = {(row.kind, row.out_trade_no, row.refund_no, row.amount_fen) for row in rows}
        assert told == {
            ("payment", "GW00000001", "", 100),
            ("payment", "GW00000002", "", 100),
            ("refund", "GW00000001", "GWR00000001", 40),
        }
        assert {row.channel_trade_no for row in rows} == {
            (await own.query(order(number=number))).channel_trade_no for number in ("GW00000001", "GW00000002")
        }
        assert await own.download_bill(today - timedelta(days=5)) == ()


async def test_a_bill_that_is_not_ready_is_asked_for_later(box, credentials_dir):
    async with gateway_channel(box, credentials_dir, name=V3) as own:
        await own.pay(order(), ask(box))
        await buyer(box, "pay")
        await box.rule("refuse", {"on": "reply", "api": "v3.bill.trade", "order": "*"}, code="STATEMENT_CREATING")
        with pytest.raises(ChannelUnavailable) as later:
            await own.download_bill((SystemClock().now() + timedelta(hours=8)).date())
        assert later.value.reason == "STATEMENT_CREATING"
