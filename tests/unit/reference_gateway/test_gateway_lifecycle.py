"""How orders end and go on: close, cancel, time out, ship, confirm, capture, pay by barcode."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from harness.world.virtual_loop import VirtualLoop
from reference_gateway.channels.port import (
    EndState,
    Opening,
    OpeningState,
    RefundState,
    TradeReport,
    TradeState,
)
from reference_gateway.domain.money import Fen
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable
from tests.unit.reference_gateway.support import World

QR = frozenset({"qr", "query", "close", "reverse"})
TILL = QR | {"barcode"}
UNKNOWN_ENDS = [ChannelOutcomeUnknown(), ChannelUnavailable(), EndState.WAITING]
WAITING = TradeReport(state=TradeState.WAITING, channel_trade_no="T1", amount_fen=Fen(100))
CLOSED = TradeReport(state=TradeState.CLOSED, channel_trade_no="T1", amount_fen=Fen(100))
GIVEN_BACK = TradeReport(state=TradeState.PAID, channel_trade_no="T1", amount_fen=Fen(100), given_back=True)
AUTH_CODE = "281234567890123456"


def run(story: Callable[[World], Coroutine[Any, Any, None]], offers: frozenset[str] = QR) -> None:
    async def told() -> None:
        world = World()
        world.channel.offers = offers
        async with world:
            await story(world)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(told())


def called(world: World) -> list[str]:
    return [what for what, _ in world.channel.calls]


def balances(world: World) -> tuple[int, int]:
    return world.store.state.balances["app:live"], world.store.state.balances["channel:alipay"]


def events(world: World) -> list[str]:
    return [event["type"] for event in world.sender.sent]


@pytest.mark.parametrize(("what", "status"), [("close", "CLOSED"), ("cancel", "CANCELLED")])
def test_ending_an_order_ends_its_trade_first_and_is_done_once(what, status):
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        code, ended = await world.merchant.act(payment, what)
        assert (code, ended["status"]) == (200, status)
        code, again = await world.merchant.act(payment, what)
        assert (code, again["status"]) == (200, status)
        assert called(world) == ["pay", "close"]
        assert world.effects.seen == [("ended", payment["id"])]
        await world.clock.sleep(3000)
        assert called(world) == ["pay", "close"]

    run(story)


def test_a_code_that_nobody_scanned_is_revoked():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        world.channel.end_answers = [EndState.MISSING, EndState.CLOSED]
        assert (await world.merchant.act(payment, "close"))[1]["status"] == "CLOSED"
        assert called(world) == ["pay", "close", "reverse"]

    run(story)


@pytest.mark.parametrize("first", UNKNOWN_ENDS)
@pytest.mark.parametrize(("report", "calls"), [(CLOSED, ["query"]), (WAITING, ["query", "close"])])
def test_an_unclear_end_is_asked_about_before_it_is_tried_again(first, report, calls):
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        world.channel.end_answers = [first]
        code, pending = await world.merchant.act(payment, "close")
        assert (code, pending["status"]) == (202, "PENDING")
        world.channel.reports[payment["out_trade_no"]] = report
        world.store.state.polling.clear()
        await world.clock.sleep(60)
        assert (await world.merchant.payment(payment))["status"] == "CLOSED"
        assert called(world) == ["pay", "close", *calls]
        assert world.effects.seen == [("ended", payment["id"])]

    run(story)


@pytest.mark.parametrize("answer", [EndState.PAID, ChannelRefused(code="ACQ.TRADE_STATUS_ERROR")])
def test_whoever_has_paid_before_the_end_keeps_a_paid_order(answer):
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        world.channel.end_answers = [answer]
        world.paid(payment)
        code, after = await world.merchant.act(payment, "cancel")
        assert (code, after["status"]) == (200, "PAID")
        code, problem = await world.merchant.act(payment, "cancel")
        assert (code, problem["code"]) == (409, "illegal_transition")
        assert world.effects.seen == [("paid", payment["id"])]

    run(story)


def test_an_unpaid_order_is_ended_at_its_channel_when_its_time_is_over():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        world.channel.reports[payment["out_trade_no"]] = WAITING
        await world.clock.sleep(899)
        assert "close" not in called(world)
        await world.clock.sleep(2)
        after = await world.merchant.payment(payment)
        assert (after["status"], after["failure_code"]) == ("CLOSED", "expired")
        assert called(world).count("close") == 1
        assert world.effects.seen == [("ended", payment["id"])]

    run(story)


def test_a_channel_that_ends_nothing_is_only_asked_after_the_time_is_over():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        code, pending = await world.merchant.act(payment, "close")
        assert (code, pending["status"]) == (202, "PENDING")
        await world.clock.sleep(800)
        assert (await world.merchant.payment(payment))["status"] == "PENDING"
        await world.clock.sleep(1000)
        after = await world.merchant.payment(payment)
        assert (after["status"], after["failure_code"]) == ("CLOSED", "closed_by_merchant")
        assert set(called(world)) == {"pay", "query"}

    run(story, frozenset({"qr", "query"}))


def test_a_trade_opened_after_its_order_had_ended_is_ended_as_well():
    async def story(world: World) -> None:
        answered = asyncio.Event()

        async def slow(what: str, _number: str) -> None:
            if what == "pay":
                await answered.wait()

        world.channel.on_call = slow
        _, payment = await world.merchant.pay()
        world.channel.end_answers = [EndState.CLOSED]
        assert (await world.merchant.act(payment, "close"))[1]["status"] == "CLOSED"
        answered.set()
        await world.gateway.idle()
        assert called(world) == ["pay", "close", "close"]
        assert world.effects.seen == [("ended", payment["id"])]

    run(story)


def test_a_reversal_that_gave_the_money_back_is_in_the_books_and_the_late_notify_changes_nothing():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        world.channel.end_answers = [EndState.MISSING, EndState.GIVEN_BACK]
        code, after = await world.merchant.act(payment, "close")
        assert (code, after["status"], after["refund_status"]) == (200, "CLOSED", "FULL")
        assert await world.merchant.notify(payment) == (200, b"success")
        await world.gateway.idle()
        assert balances(world) == (0, 0)
        assert called(world) == ["pay", "close", "reverse"]
        assert events(world) == ["refund.succeeded"]
        assert world.effects.seen == [("ended", payment["id"])]

    run(story)


def test_a_notify_that_overtakes_the_reversals_answer_leaves_a_paid_order_refunded():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()

        async def overtake(what: str, _number: str) -> None:
            if what == "close":
                await world.merchant.notify(payment)

        world.channel.on_call = overtake
        world.channel.end_answers = [EndState.GIVEN_BACK]
        code, after = await world.merchant.act(payment, "close")
        assert (code, after["status"], after["refund_status"]) == (200, "PAID", "FULL")
        assert balances(world) == (0, 0)
        assert world.effects.seen == [("paid", payment["id"]), ("refunded", payment["id"])]

    run(story)


def test_goods_are_shipped_and_confirmed_once_each():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        parcel = {"carrier": "SF", "tracking_no": "SF123"}
        code, problem = await world.merchant.act(payment, "ship", parcel)
        assert (code, problem["code"]) == (409, "illegal_transition")
        await world.merchant.notify(payment)
        assert (await world.merchant.act(payment, "confirm"))[0] == 409
        for _ in range(2):
            assert (await world.merchant.act(payment, "ship", parcel))[1]["status"] == "SHIPPED"
        for _ in range(2):
            assert (await world.merchant.act(payment, "confirm"))[1]["status"] == "COMPLETED"
        await world.gateway.idle()
        assert events(world) == ["payment.paid", "payment.shipped", "payment.completed"]
        assert [what for what, _ in world.effects.seen] == ["paid", "shipped", "completed"]
        async with world.store() as unit:
            sent = await unit.logistics(payment["id"])
        assert (sent.carrier, sent.tracking_no) == ("SF", "SF123")

    run(story)


def test_what_was_given_back_is_not_shipped():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        await world.merchant.notify(payment)
        await world.merchant.act(payment, "refunds", {"merchant_refund_no": "r1", "amount_fen": 100})
        code, problem = await world.merchant.act(payment, "ship", {"carrier": "SF", "tracking_no": "1"})
        assert (code, problem["code"]) == (409, "illegal_transition")

    run(story)


@pytest.mark.parametrize(
    ("reports", "status", "refunded"),
    [
        ([RefundState.PROCESSING, RefundState.SUCCEEDED], "SUCCEEDED", 40),
        ([RefundState.PROCESSING, RefundState.PROCESSING, RefundState.FAILED], "FAILED", 0),
    ],
)
def test_a_refund_on_its_way_keeps_its_amount_until_the_channel_says_how_it_ended(reports, status, refunded):
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        await world.merchant.notify(payment)
        world.channel.refund_answers = list(reports)
        code, refund = await world.merchant.act(payment, "refunds", {"merchant_refund_no": "r1", "amount_fen": 40})
        assert (code, refund["status"]) == (202, "PROCESSING")
        code, problem = await world.merchant.act(payment, "refunds", {"merchant_refund_no": "r2", "amount_fen": 61})
        assert (code, problem["code"]) == (409, "refund_exceeds_paid")
        await world.clock.sleep(120)
        await world.gateway.idle()
        after = await world.merchant.payment(payment)
        assert (after["refunded_fen"], balances(world)) == (refunded, (100 - refunded, 100 - refunded))
        _, ended = await world.merchant.call("GET", f"/api/v1/payments/{payment['id']}/refunds/{refund['id']}")
        assert ended["status"] == status
        assert {number for what, number in world.channel.calls if what == "refund"} == {refund["out_request_no"]}

    run(story)


def test_a_freeze_is_captured_in_part_and_nothing_more_is_booked():
    async def story(world: World) -> None:
        code, payment = await world.merchant.pay(hold=True)
        assert (code, payment["hold_fen"], payment["status"]) == (201, 100, "PENDING")
        code, problem = await world.merchant.act(payment, "capture", {"amount_fen": 101})
        assert (code, problem["code"]) == (400, "capture_exceeds_hold")
        code, after = await world.merchant.act(payment, "capture", {"amount_fen": 60})
        assert (code, after["status"], after["amount_fen"]) == (200, "PAID", 60)
        assert (await world.merchant.act(payment, "capture", {"amount_fen": 60}))[0] == 200
        assert (await world.merchant.act(payment, "capture", {"amount_fen": 61}))[0] == 409
        assert called(world) == ["preauth", "capture"]
        assert balances(world) == (60, 60)

    run(story, QR | {"preauth", "capture"})


def test_a_capture_without_an_answer_is_asked_about_and_a_refused_one_leaves_the_freeze():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay(hold=True)
        world.channel.capture_answers = [ChannelRefused(code="ACQ.TOTAL_FEE_EXCEED"), ChannelOutcomeUnknown()]
        assert (await world.merchant.act(payment, "capture", {"amount_fen": 60}))[0] == 502
        assert (await world.merchant.payment(payment))["amount_fen"] == 100
        code, pending = await world.merchant.act(payment, "capture", {"amount_fen": 60})
        assert (code, pending["status"]) == (202, "PENDING")
        paid = TradeReport(state=TradeState.PAID, channel_trade_no="T1", amount_fen=Fen(60))
        world.channel.reports[payment["out_trade_no"]] = paid
        await world.clock.sleep(30)
        assert (await world.merchant.payment(payment))["status"] == "PAID"
        assert balances(world) == (60, 60)

    run(story, QR | {"preauth", "capture"})


@pytest.mark.parametrize("more", [{"hold": True}, {"product": "barcode"}, {"product": "jsapi"}, {"product": "app"}])
def test_what_the_channel_has_not_or_the_product_lacks_is_refused_and_nothing_is_written(more):
    async def story(world: World) -> None:
        code, _ = await world.merchant.pay(**more)
        assert code in (400, 422)
        assert world.store.state.payments == {}

    run(story, TILL | {"jsapi"})


def test_a_barcode_is_paid_in_the_call_and_its_code_is_forgotten():
    async def story(world: World) -> None:
        paid = TradeReport(state=TradeState.PAID, channel_trade_no="T1", amount_fen=Fen(100))
        world.channel.pay_answers = [Opening(OpeningState.PAID, {}, paid)]
        code, payment = await world.merchant.pay(product="barcode", auth_code=AUTH_CODE)
        assert (code, payment["status"], payment["pay_params"]) == (201, "PAID", {})
        assert world.channel.asked[0].auth_code == AUTH_CODE
        assert [kept.auth_code for kept in world.store.state.payments.values()] == [None]
        assert balances(world) == (100, 100)

    run(story, TILL)


def test_a_buyer_who_types_a_password_is_watched_and_then_reversed():
    async def story(world: World) -> None:
        world.channel.pay_answers = [Opening(OpeningState.WAITING, {})]
        _, payment = await world.merchant.pay(product="barcode", auth_code=AUTH_CODE)
        world.channel.reports[payment["out_trade_no"]] = WAITING
        world.channel.end_answers = [EndState.GIVEN_BACK]
        await world.clock.sleep(44)
        assert called(world).count("query") >= 5
        assert "reverse" not in called(world)
        await world.clock.sleep(5)
        after = await world.merchant.payment(payment)
        assert (after["status"], after["refund_status"]) == ("CLOSED", "FULL")
        assert called(world)[-1] == "reverse"
        assert balances(world) == (0, 0)

    run(story, TILL)


def test_a_query_that_tells_of_money_given_back_books_both_ways():
    async def story(world: World) -> None:
        world.channel.pay_answers = [ChannelOutcomeUnknown()]
        _, payment = await world.merchant.pay()
        world.channel.reports[payment["out_trade_no"]] = GIVEN_BACK
        _, after = await world.merchant.act(payment, "sync")
        assert (after["status"], after["refund_status"]) == ("CLOSED", "FULL")
        assert balances(world) == (0, 0)

    run(story)


def test_attempts_tell_why_their_channel_was_taken_and_how_it_went():
    async def story(world: World) -> None:
        world.channel.pay_answers = [ChannelOutcomeUnknown()]
        _, payment = await world.merchant.pay()
        path = f"/api/v1/payments/{payment['id']}/attempts"
        [attempt] = (await world.merchant.call("GET", path))[1]["attempts"]
        assert attempt["choice"]["reason"] == "the merchant asked for alipay"
        assert (attempt["channel"], attempt["status"]) == ("alipay", "UNKNOWN")
        await world.clock.sleep(30)
        [attempt] = (await world.merchant.call("GET", path))[1]["attempts"]
        assert attempt["status"] == "OPENED"

    run(story)
