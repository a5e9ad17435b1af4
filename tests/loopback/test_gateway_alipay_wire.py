"""
The gateway's Alipay channels and the simulator, over sockets: each written from the facts alone, in every mode.
"""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from reference_gateway.channels.port import EndState, OpeningState, PayoutState, RefundState, TradeState
from reference_gateway.domain.money import Fen
from reference_gateway.domain.notice import NoticeKind
from reference_gateway.domain.payout import Payout
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable, SignatureRejected
from tests.contract import samples_live
from tests.contract.samples import payment, refund
from tests.loopback.alipay_channels import CHANNELS, MODES, PAYOUT_MODES, ask, gateway_channel
from tests.loopback.sandbox import Sandbox, sandbox

pytestmark = pytest.mark.asyncio
DAY_S = 86_400


@pytest_asyncio.fixture
async def payer(credentials_dir: Path) -> AsyncIterator[Sandbox]:
    """
    A simulator that pays out in every mode.
    """
    async with sandbox(credentials_dir, alipay_payout_needs_certificate=False) as box:
        yield box


@pytest.fixture(params=list(CHANNELS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def order(product: str = "qr", **changes: Any) -> Any:
    expires_at = datetime(2027, 11, 28, tzinfo=UTC)
    return payment(product=product, subject="打赏 pp000001 & more=", expires_at=expires_at, **changes)


async def buyer(box: Sandbox, action: str, number: str = "G1") -> None:
    await box.control("POST", f"/trades/alipay/{number}/buyer", {"action": action})


async def visited(box: Sandbox, url: str) -> None:
    """
    What the buyer's browser or phone does with a link: it gets to the cashier.
    """
    async with box.session.get(url, allow_redirects=True) as page:
        assert page.status == 200, await page.text()
        assert "cashier" in str(page.url)


def payout(**changes: Any) -> Payout:
    return samples_live.payout(
        **{"account": "2088000000000009", "account_name": None, "amount_fen": Fen(1234), **changes}
    )


@pytest.mark.parametrize("mode", MODES)
async def test_a_code_is_shown_paid_refunded_and_told(box, credentials_dir, name, mode):
    async with gateway_channel(box, credentials_dir, name=name, mode=mode) as own:
        opening = await own.pay(order(), ask(box))
        assert opening.state is OpeningState.READY
        assert opening.params["qr_code"].startswith("https://qr.alipay.com/")
        assert (await own.query(order())).state is TradeState.MISSING
        await buyer(box, "pay")
        report = await own.query(order())
        assert (report.state, report.amount_fen) == (TradeState.PAID, 100)
        (one,) = await box.receiver.until(1)
        notice = own.parse_notify(one.headers, one.body)
        assert (notice.kind, notice.channel, notice.out_trade_no) == (NoticeKind.PAID, name, "G1")
        assert notice.channel_trade_no == report.channel_trade_no
        assert (await own.refund(order(), refund())).state is RefundState.SUCCEEDED
        assert (await own.refund(order(), refund())).state is RefundState.UNCONFIRMED
        assert (await own.query_refund(order(), refund())).state is RefundState.SUCCEEDED
        assert (await own.query_refund(order(), refund(2))).state is RefundState.MISSING


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("product", ["page", "wap"])
async def test_a_link_brings_a_browser_to_the_cashier(box, credentials_dir, name, mode, product):
    async with gateway_channel(box, credentials_dir, name=name, mode=mode) as own:
        opening = await own.pay(order(product), ask(box))
        assert (await own.query(order(product))).state is TradeState.MISSING
        await visited(box, opening.params["url"])
        assert (await own.query(order(product))).state is TradeState.WAITING
        await buyer(box, "pay")
        assert (await own.query(order(product))).state is TradeState.PAID


async def test_an_order_string_is_opened_by_the_phone(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        opening = await own.pay(order("app"), ask(box))
        await visited(box, f"{box.simulator.alipay_url}/gateway.do?{opening.params['order_string']}")
        await buyer(box, "pay")
        assert (await own.query(order("app"))).state is TradeState.PAID


async def test_a_mini_programs_trade_waits_at_once(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        with pytest.raises(ChannelRefused, match="payer_id"):
            await own.pay(order("jsapi"), ask(box))
        opening = await own.pay(order("jsapi"), ask(box, payer_id="2088000000000001"))
        assert opening.params["tradeNO"]
        assert (await own.query(order("jsapi"))).channel_trade_no == opening.params["tradeNO"]
        again = await own.pay(order("jsapi"), ask(box, payer_id="2088000000000001"))
        assert again.params == opening.params


@pytest.mark.parametrize("waiting", [200, 202])
async def test_a_barcode_is_paid_or_waits_for_a_password(credentials_dir, name, waiting):
    async with (
        sandbox(credentials_dir, alipay_v3_waiting_status=waiting) as box,
        gateway_channel(box, credentials_dir, name=name) as own,
    ):
        paid = await own.pay(order("barcode"), ask(box, auth_code="280000000000000001"))
        assert paid.state is OpeningState.PAID
        assert (paid.report.state, paid.report.amount_fen) == (TradeState.PAID, 100)
        dear = order("barcode", out_trade_no="G2", amount_fen=Fen(200_000))
        opening = await own.pay(dear, ask(box, auth_code="280000000000000002"))
        assert (opening.state, opening.report) == (OpeningState.WAITING, None)
        assert (await own.query(dear)).state is TradeState.WAITING
        assert await own.reverse(dear) is EndState.CLOSED
        assert (await own.query(dear)).state is TradeState.CLOSED


async def test_a_barcode_that_cannot_pay_is_refused_and_none_is_missed(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        with pytest.raises(ChannelRefused) as poor:
            await own.pay(order("barcode"), ask(box, auth_code="289900010000000001"))
        assert poor.value.reason == "ACQ.BUYER_BALANCE_NOT_ENOUGH"
        with pytest.raises(ChannelRefused) as none:
            await own.pay(order("barcode"), ask(box))
        assert none.value.reason == "auth_code_missing"


async def test_what_waits_is_closed_and_what_was_paid_is_told(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        await own.pay(order(), ask(box))
        await buyer(box, "scan")
        assert await own.close(order()) is EndState.CLOSED
        assert await own.close(order()) is EndState.CLOSED
        other = order(out_trade_no="G2")
        await own.pay(other, ask(box))
        await buyer(box, "pay", "G2")
        assert await own.close(other) is EndState.PAID


async def test_a_code_that_nobody_scanned_is_cancelled_and_dead(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        await own.pay(order(), ask(box))
        assert await own.close(order()) is EndState.CLOSED
        await box.control("POST", "/trades/alipay/G1/buyer", {"action": "scan"}, status=409)
        assert await own.close(order("page", out_trade_no="G9")) is EndState.MISSING


async def test_a_paid_trade_that_was_cancelled_was_paid_and_given_back(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        await own.pay(order(), ask(box))
        await buyer(box, "pay")
        assert await own.reverse(order()) is EndState.GIVEN_BACK
        assert (await own.query(order())).state is TradeState.PAID
        assert (await own.refund(order(), refund(amount_fen=Fen(100)))).state is RefundState.SUCCEEDED
        with pytest.raises(ChannelRefused):
            await own.refund(order(), refund(amount_fen=Fen(40)))


async def test_a_closed_trade_that_nobody_paid_is_not_given_back(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        await own.pay(order(), ask(box))
        await buyer(box, "scan")
        await own.close(order())
        with pytest.raises(ChannelRefused) as caught:
            await own.refund(order(), refund(amount_fen=Fen(100)))
        assert caught.value.reason == "ACQ.TRADE_HAS_CLOSE"


@pytest.mark.parametrize("mode", MODES)
async def test_a_payout_moves_money_once(payer, credentials_dir, name, mode):
    async with gateway_channel(payer, credentials_dir, name=name, mode=mode) as own:
        assert (await own.query_transfer(payout())).state is PayoutState.MISSING
        sent = await own.transfer(payout())
        assert (sent.state, bool(sent.channel_payout_no)) == (PayoutState.SUCCEEDED, True)
        assert await own.transfer(payout()) == sent
        assert (await own.query_transfer(payout())).state is PayoutState.SUCCEEDED
        with pytest.raises(ChannelOutcomeUnknown):
            await own.transfer(payout(amount_fen=Fen(1235)))
        with pytest.raises(ChannelOutcomeUnknown, match=r"of 12\.34 yuan"):
            await own.query_transfer(payout(amount_fen=Fen(1235)))


async def test_a_payout_needs_certificates_where_the_platform_wants_them(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        with pytest.raises(ChannelUnavailable):
            await own.transfer(payout())
    for mode in PAYOUT_MODES:
        async with gateway_channel(box, credentials_dir, name=name, mode=mode) as own:
            sent = await own.transfer(payout(out_payout_no=f"P{mode}"))
            assert sent.state is PayoutState.SUCCEEDED


async def next_noon(box: Sandbox) -> date:
    """
    Go on to noon of the next day in Beijing; comes back with the day that was.
    """
    now = box.simulator.schedule.now() + timedelta(hours=8)
    await box.advance(DAY_S - (now.hour * 3600 + now.minute * 60 + now.second) + 12 * 3600)
    return now.date()


@pytest.mark.parametrize("mode", MODES)
async def test_a_days_bill_is_fetched_and_read(credentials_dir, name, mode):
    async with (
        sandbox(credentials_dir, alipay_fee_basis_points=60) as box,
        gateway_channel(box, credentials_dir, name=name, mode=mode) as own,
    ):
        big = order(amount_fen=Fen(10_000))
        await own.pay(big, ask(box))
        await buyer(box, "pay")
        await own.refund(big, refund())
        with pytest.raises((ChannelUnavailable, ChannelRefused)):
            await own.download_bill((box.simulator.schedule.now() + timedelta(hours=8)).date())
        rows = await own.download_bill(await next_noon(box))
        told = [(row.kind, row.out_trade_no, row.refund_no, row.amount_fen, row.fee_fen) for row in rows]
        assert told == [("payment", "G1", "", 10_000, 60), ("refund", "G1", "R1", 40, 0)]
        assert {row.channel_trade_no for row in rows} == {(await own.query(big)).channel_trade_no}
        assert rows[0].at.utcoffset() == timedelta(hours=8)


@pytest.mark.parametrize("empty_file", [False, True])
async def test_a_day_without_business_has_an_empty_bill(credentials_dir, name, empty_file):
    async with (
        sandbox(credentials_dir, alipay_bill_empty_file=empty_file) as box,
        gateway_channel(box, credentials_dir, name=name) as own,
    ):
        assert await own.download_bill(await next_noon(box)) == ()


UNKNOWN_FAULTS = [
    "reset_after",
    "timeout_after",
    "bad_signature",
    "wrong_key",
    "signature_downgrade",
    "unsigned",
    "truncated",
    "http_error",
    "malformed_body",
]


@pytest.mark.parametrize("fault", UNKNOWN_FAULTS)
async def test_a_broken_answer_is_an_unknown_outcome(box, credentials_dir, name, fault):
    await box.rule(fault, {"on": "reply"})
    async with gateway_channel(box, credentials_dir, name=name, timeout_s=0.4) as own:
        with pytest.raises(ChannelOutcomeUnknown):
            await own.pay(order(), ask(box))


@pytest.mark.parametrize("fault", ["wrong_key", "signature_downgrade"])
async def test_a_notify_in_another_hand_or_by_a_weaker_method_is_refused(box, credentials_dir, name, fault):
    await box.rule(fault, {"on": "notify", "first": 1})
    async with gateway_channel(box, credentials_dir, name=name) as own:
        await own.pay(order(), ask(box))
        await buyer(box, "pay")
        await box.receiver.until(1)
        await box.advance(3600)
        struck, true = box.receiver.received
        with pytest.raises(SignatureRejected):
            own.parse_notify(struck.headers, struck.body)
        assert own.parse_notify(true.headers, true.body).kind is NoticeKind.PAID
