"""
The gateway's UnionPay channels and the simulator, on the wire: every product, every way to sign, what goes back.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from reference_gateway.channels.port import EndState, RefundState, TradeState
from reference_gateway.clock import SystemClock
from reference_gateway.domain.money import Fen
from reference_gateway.domain.notice import NoticeKind
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable, NotifyRefused
from tests.contract.samples import refund
from tests.loopback.sandbox import answer_body, sandbox
from tests.loopback.unionpay_channels import (
    CERTIFIED,
    CHANNELS,
    ask,
    brought_to_the_cashier,
    gateway_channel,
    order,
    paid,
)

pytestmark = pytest.mark.asyncio

PRODUCTS = ("qr", "app", "page", "wap")


def giving_back(number: str = "RU00000001", amount_fen: int = 40):
    return refund(1, out_request_no=number, amount_fen=Fen(amount_fen), created_at=SystemClock().now())


async def opened(box, own, one, **more):
    """
    Open a payment and bring its buyer to where paying is possible.
    """
    params = (await own.pay(one, ask(box, **more))).params
    if "form_html" in params:
        assert "/_cashier/" in await brought_to_the_cashier(box, params["form_html"])
    return params


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("name", CHANNELS)
async def test_a_payment_is_opened_paid_told_and_found(box, credentials_dir, name, product):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        one = order(product)
        params = await opened(box, own, one)
        assert (await own.query(one)).state is TradeState.WAITING
        told = params.get("qr_code") or params.get("tn")
        if told:
            await box.control("POST", "/qr", {"qr_code": told, "action": "pay"})
        else:
            await paid(box)
        report = await own.query(one)
        assert (report.state, report.amount_fen) == (TradeState.PAID, one.amount_fen)
        (received,) = await box.receiver.until(1)
        notice = own.parse_notify(received.headers, received.body)
        assert (notice.kind, notice.out_trade_no, notice.amount_fen) == (NoticeKind.PAID, one.out_trade_no, 100)
        assert notice.notify_id == notice.channel_trade_no == report.channel_trade_no


async def test_the_keyed_channel_signs_with_sm3_where_it_is_told_to(box, credentials_dir):
    async with gateway_channel(box, credentials_dir, name="unionpay_keyed", unionpay_keyed_digest="sm3") as own:
        await opened(box, own, order())
        await paid(box)
        (received,) = await box.receiver.until(1)
        assert received.fields["signMethod"] == "12"
        assert own.parse_notify(received.headers, received.body).kind is NoticeKind.PAID


async def test_no_channel_believes_anothers_notify(box, credentials_dir):
    for name in CHANNELS:
        async with gateway_channel(box, credentials_dir, name=name) as own:
            number = f"GU{CHANNELS.index(name):08d}"
            await opened(box, own, order(number=number))
            await paid(box, number)
    received = await box.receiver.until(3)
    for name in CHANNELS:
        async with gateway_channel(box, credentials_dir, name=name) as own:
            believed = 0
            for one in received:
                try:
                    own.parse_notify(one.headers, one.body)
                except NotifyRefused:
                    continue
                believed += 1
            assert believed == 1


@pytest.mark.parametrize("name", CHANNELS)
async def test_a_refund_is_accepted_then_found_and_told(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        await opened(box, own, order())
        await paid(box)
        one = replace(order(), channel_trade_no=(await own.query(order())).channel_trade_no)
        back = giving_back()
        assert (await own.query_refund(one, back)).state is RefundState.MISSING
        accepted = await own.refund(one, back)
        assert (accepted.state, len(accepted.channel_refund_no)) == (RefundState.PROCESSING, 21)
        assert (await own.query_refund(one, back)).state is RefundState.SUCCEEDED
        assert (await own.refund(one, back)).state is RefundState.SUCCEEDED
        _, told = await box.receiver.until(2)
        notice = own.parse_notify(told.headers, told.body)
        assert (notice.kind, notice.refund_no) == (NoticeKind.REFUNDED, back.out_request_no)
        assert (notice.out_trade_no, notice.amount_fen) == (one.out_trade_no, one.amount_fen)
        with pytest.raises(ChannelRefused) as caught:
            await own.refund(one, giving_back("RU00000002", 61))
        assert caught.value.reason == "36"


async def test_the_original_may_be_named_by_our_own_numbers(box, credentials_dir):
    async with gateway_channel(box, credentials_dir, name="unionpay_rsa") as own:
        one = order()
        await opened(box, own, one)
        await paid(box)
        assert (await own.refund(one, giving_back())).state is RefundState.PROCESSING
        assert (await own.query_refund(one, giving_back())).state is RefundState.SUCCEEDED


@pytest.mark.parametrize(("settles_as", "state"), [("00", RefundState.SUCCEEDED), ("60", RefundState.FAILED)])
async def test_a_refund_that_settles_later_is_on_its_way_until_then(credentials_dir, settles_as, state):
    async with (
        sandbox(credentials_dir, unionpay_settles_s=30.0, unionpay_settles_as=settles_as) as box,
        gateway_channel(box, credentials_dir, name="unionpay_keyed") as own,
    ):
        one, back = order(), giving_back()
        await opened(box, own, one)
        await paid(box)
        assert (await own.refund(one, back)).state is RefundState.PROCESSING
        assert (await own.refund(one, back)).state is RefundState.PROCESSING
        await box.advance(31)
        assert (await own.query_refund(one, back)).state is state
        assert (await own.refund(one, back)).state is state


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("name", CHANNELS)
async def test_a_freeze_is_held_then_completed_then_refunded(box, credentials_dir, name, product):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        one = order(product)
        params = (await own.preauth(one, ask(box))).params
        if "form_html" in params:
            await brought_to_the_cashier(box, params["form_html"])
        await paid(box)
        held = await own.query(one)
        assert (held.state, held.amount_fen) == (TradeState.WAITING, None)
        one = replace(one, channel_trade_no=held.channel_trade_no)
        captured = await own.capture(one, Fen(80))
        assert (captured.state, captured.amount_fen) == (TradeState.PAID, 80)
        assert await own.capture(one, Fen(80)) == captured
        assert await own.query(one) == captured
        done = replace(one, channel_trade_no=captured.channel_trade_no)
        assert (await own.refund(done, giving_back(amount_fen=30))).state is RefundState.PROCESSING
        kinds = [own.parse_notify(told.headers, told.body).kind for told in await box.receiver.until(3)]
        assert kinds == [NoticeKind.WAITING, NoticeKind.PAID, NoticeKind.REFUNDED]


async def test_more_than_the_vendor_allows_is_not_completed(box, credentials_dir):
    async with gateway_channel(box, credentials_dir, name="unionpay_keyed") as own:
        one = order("app")
        await own.preauth(one, ask(box))
        await paid(box)
        with pytest.raises(ChannelRefused):
            await own.capture(one, Fen(116))


@pytest.mark.parametrize("name", CHANNELS)
async def test_what_was_paid_is_undone_whole_and_once(box, credentials_dir, name):
    async with gateway_channel(box, credentials_dir, name=name) as own:
        one = order()
        assert await own.reverse(one) is EndState.MISSING
        await opened(box, own, one)
        assert await own.reverse(one) is EndState.WAITING
        await paid(box)
        for _ in range(2):
            assert await own.reverse(one) is EndState.GIVEN_BACK
        assert (await box.control("GET", "/trades/unionpay/GU00000001"))["refunded_fen"] == 100
        kinds = [own.parse_notify(told.headers, told.body).kind for told in await box.receiver.until(2)]
        assert kinds == [NoticeKind.PAID, NoticeKind.CLOSED]


@pytest.mark.parametrize("completed", [False, True])
async def test_a_freeze_is_set_free_and_what_was_completed_goes_back(box, credentials_dir, completed):
    async with gateway_channel(box, credentials_dir, name="unionpay_rsa") as own:
        one = order("app")
        await own.preauth(one, ask(box))
        await paid(box)
        if completed:
            assert (await own.capture(one, Fen(80))).state is TradeState.PAID
        for _ in range(2):
            assert await own.reverse(one) is (EndState.GIVEN_BACK if completed else EndState.CLOSED)


async def test_after_the_settlement_day_undoing_becomes_refunding(box, credentials_dir):
    async with gateway_channel(box, credentials_dir, name="unionpay_rsa") as own:
        one = order()
        await opened(box, own, one)
        await paid(box)
        await box.advance(86_400)
        for _ in range(2):
            assert await own.reverse(one) is EndState.GIVEN_BACK
        assert (await box.control("GET", "/trades/unionpay/GU00000001"))["refunded_fen"] == 100


async def test_what_was_refunded_in_part_cannot_be_undone(box, credentials_dir):
    async with gateway_channel(box, credentials_dir, name="unionpay_rsa") as own:
        one = order()
        await opened(box, own, one)
        await paid(box)
        await own.refund(one, giving_back())
        with pytest.raises(ChannelRefused):
            await own.reverse(one)
        assert (await box.control("GET", "/trades/unionpay/GU00000001"))["refunded_fen"] == 40


async def test_pay_timeout_and_a_query_end_an_order(box, credentials_dir):
    async with gateway_channel(box, credentials_dir, name="unionpay_keyed") as own:
        one = order()
        await opened(box, own, one)
        await box.advance(901)
        assert (await own.query(one)).state is TradeState.WAITING  # by our own clock it is not over yet
        over = replace(
            one, created_at=one.created_at - timedelta(hours=1), expires_at=one.expires_at - timedelta(hours=1)
        )
        assert (await own.query(replace(one, expires_at=over.expires_at))).state is TradeState.CLOSED


async def test_a_lost_tn_is_never_opened_under_another_number(box, credentials_dir):
    async with gateway_channel(box, credentials_dir, name="unionpay_rsa") as own:
        one = order("app")
        await own.pay(one, ask(box))
        with pytest.raises(ChannelOutcomeUnknown) as caught:
            await own.pay(one, ask(box))
        assert caught.value.reason == "12"
        assert len((await box.control("GET", "/trades?provider=unionpay"))["items"]) == 1


@pytest.mark.parametrize("leaf", ["expired", "not_yet_valid", "wrong_cn", "self_signed", "foreign_chain"])
@pytest.mark.parametrize("name", CERTIFIED)
async def test_a_leaf_that_is_not_right_makes_an_answer_and_a_notify_nobodys(credentials_dir, name, leaf):
    async with (
        sandbox(credentials_dir, unionpay_leaf=leaf) as box,
        gateway_channel(box, credentials_dir, name=name) as own,
    ):
        one = order()
        with pytest.raises(ChannelOutcomeUnknown):
            await own.pay(one, ask(box))
        await paid(box)
        with pytest.raises(ChannelOutcomeUnknown):
            await own.query(one)
        (received, *_) = await box.receiver.until(1)
        with pytest.raises(NotifyRefused):
            own.parse_notify(received.headers, received.body)


@pytest.mark.parametrize("name", CERTIFIED)
async def test_the_next_leaf_of_the_chain_is_taken(credentials_dir, name):
    async with (
        sandbox(credentials_dir, unionpay_leaf="next") as box,
        gateway_channel(box, credentials_dir, name=name) as own,
    ):
        assert (await own.pay(order(), ask(box))).params["qr_code"]


@pytest.mark.parametrize("encryption", ["current", "rotated", "retired"])
@pytest.mark.parametrize("payer", ["6221558812340000", "13552535506"])
@pytest.mark.parametrize("name", CERTIFIED)
async def test_sensitive_fields_are_opened_by_whoever_issued_the_certificate(credentials_dir, name, payer, encryption):
    async with sandbox(credentials_dir, unionpay_encryption=encryption) as box:
        async with gateway_channel(box, credentials_dir, name=name) as own:
            assert (await own.pay(order("app"), ask(box, payer_id=payer))).params["tn"]
            await opened(box, own, order("page", number="GU00000002"), payer_id=payer)
        apis = [entry["api"] for entry in await box.journal("in")]
        assert apis.count("backTransReq/95") == 1
        bodies = [entry["body"] for entry in await box.journal("in") if entry["api"].startswith(("app", "front"))]
        assert all(b"encryptCertId=" in body for body in bodies)
        assert not any(payer.encode() in body for body in bodies)


async def test_the_days_file_has_payments_refunds_and_fees(box, credentials_dir):
    async with gateway_channel(box, credentials_dir, name="unionpay_rsa") as own:
        one = order(amount_fen=Fen(10_000))
        await opened(box, own, one)
        await paid(box)
        await own.refund(one, giving_back())
        report = await own.query(one)
        day = settle_day(await box.journal("in"))
        with pytest.raises(ChannelUnavailable) as caught:
            await own.download_bill(day)
        assert caught.value.reason == "98"
        await box.advance(86_400 * 1.5)
        rows = await own.download_bill(day)
        assert [(row.kind, row.out_trade_no, row.refund_no, row.amount_fen) for row in rows] == [
            ("payment", "GU00000001", "", 10_000),
            ("refund", "GU00000001", "RU00000001", 40),
        ]
        assert (rows[0].channel_trade_no, rows[0].fee_fen) == (report.channel_trade_no, 60)


def settle_day(entries):
    """
    The settlement day that the last query's answer named.
    """
    (settled,) = {
        text.split(b"settleDate=")[1][:4].decode() for text in map(answer_body, entries) if b"settleDate=" in text
    }
    now = SystemClock().now()
    return next(
        (now + timedelta(days=days)).date() for days in (-1, 0, 1, 2) if f"{now + timedelta(days=days):%m%d}" == settled
    )
