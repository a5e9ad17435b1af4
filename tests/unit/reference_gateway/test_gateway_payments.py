"""A payment's life over HTTP, with the channel and the clock in the test's hands."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from harness.world.virtual_loop import VirtualLoop
from reference_gateway.channels.port import RefundState, TradeReport, TradeState
from reference_gateway.domain.money import Fen
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable
from tests.unit.reference_gateway.support import OTHER_APP, Merchant, RememberingSender, World


def run(story: Callable[[World], Coroutine[Any, Any, None]], world: World | None = None) -> None:
    async def told() -> None:
        async with world or World() as own:
            await story(own)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(told())


def test_a_payment_is_created_notified_and_told_to_the_app():
    async def story(world: World) -> None:
        status, payment = await world.merchant.pay()
        assert status == 201
        assert payment["pay_params"] == {"qr_code": f"https://qr.example/{payment['out_trade_no']}"}
        assert await world.merchant.notify(payment) == (200, b"success")
        await world.gateway.idle()
        after = await world.merchant.payment(payment)
        assert (after["status"], after["channel_trade_no"]) == ("PAID", f"T{payment['out_trade_no']}")
        assert [event["type"] for event in world.sender.sent] == ["payment.paid"]
        assert world.sender.sent[0]["data"]["id"] == payment["id"]
        _, ledger = await world.merchant.call("GET", f"/api/v1/payments/{payment['id']}/ledger")
        assert sorted((e["account"], e["amount_fen"]) for e in ledger["entries"]) == [
            ("app:live", -100),
            ("channel:alipay", 100),
        ]

    run(story)


def test_the_order_row_exists_before_the_channel_is_called():
    async def story(world: World) -> None:
        seen: list[str] = []

        async def look(what: str, number: str) -> None:
            seen.extend(p.out_trade_no for p in world.store.state.payments.values())
            assert await world.merchant.notify({"out_trade_no": number, "amount_fen": 100}) == (200, b"success")

        world.channel.on_call = look
        status, payment = await world.merchant.pay()
        assert seen == [payment["out_trade_no"]]
        assert (status, payment["status"]) == (201, "PAID")

    run(story)


def test_a_slow_channel_is_answered_with_202_and_a_late_answer_does_not_take_a_payment_back():
    async def story(world: World) -> None:
        answered = asyncio.Event()

        async def slow(_what: str, _number: str) -> None:
            await answered.wait()

        world.channel.on_call = slow
        status, payment = await world.merchant.pay()
        assert (status, payment["status"], payment["pay_params"]) == (202, "PENDING", None)
        await world.merchant.notify(payment)
        answered.set()
        await world.gateway.idle()
        after = await world.merchant.payment(payment)
        assert after["status"] == "PAID"
        assert after["pay_params"] is not None

    run(story)


@pytest.mark.parametrize("error", [ChannelOutcomeUnknown, ChannelUnavailable])
def test_an_unknown_opening_is_asked_about_and_repeated_under_its_own_number(error):
    async def story(world: World) -> None:
        world.channel.pay_answers = [error()]
        status, payment = await world.merchant.pay()
        assert status == 202
        await world.clock.sleep(30)
        number = payment["out_trade_no"]
        assert world.channel.calls[:3] == [("pay", number), ("query", number), ("pay", number)]
        assert (await world.merchant.payment(payment))["pay_params"] is not None

    run(story)


def test_an_unknown_opening_that_was_paid_is_settled_by_the_query():
    async def story(world: World) -> None:
        world.channel.pay_answers = [ChannelOutcomeUnknown()]
        _, payment = await world.merchant.pay()
        world.paid(payment)
        await world.clock.sleep(30)
        await world.gateway.idle()
        assert (await world.merchant.payment(payment))["status"] == "PAID"
        assert [event["type"] for event in world.sender.sent] == ["payment.paid"]

    run(story)


def test_a_refused_opening_closes_the_order():
    async def story(world: World) -> None:
        world.channel.pay_answers = [ChannelRefused(code="ACQ.TOTAL_FEE_EXCEED")]
        status, payment = await world.merchant.pay()
        assert status == 201
        assert (payment["status"], payment["failure_code"]) == ("CLOSED", "ACQ.TOTAL_FEE_EXCEED")

    run(story)


def test_a_payment_whose_notify_never_comes_is_found_by_the_poller():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        world.paid(payment)
        await world.clock.sleep(6)
        await world.gateway.idle()
        assert (await world.merchant.payment(payment))["status"] == "PAID"

    run(story)


def test_sync_asks_the_channel_now():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        world.paid(payment)
        status, after = await world.merchant.call("POST", f"/api/v1/payments/{payment['id']}/sync")
        assert (status, after["status"]) == (200, "PAID")

    run(story)


def test_sync_says_when_the_channel_gave_no_answer():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        world.channel.reports[payment["out_trade_no"]] = ChannelOutcomeUnknown()
        status, problem = await world.merchant.call("POST", f"/api/v1/payments/{payment['id']}/sync")
        assert (status, problem["code"]) == (504, "channel_outcome_unknown")

    run(story)


def test_an_unscanned_code_expires_and_a_payment_after_that_is_given_back():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        await world.clock.sleep(3600)
        assert (await world.merchant.payment(payment))["status"] == "CLOSED"
        assert await world.merchant.notify(payment) == (200, b"success")
        await world.gateway.idle()
        after = await world.merchant.payment(payment)
        assert (after["status"], after["refund_status"]) == ("CLOSED", "FULL")
        [exported] = await world.merchant.exported()
        assert [entry["amount_fen"] for entry in exported["credits"]] == [100]
        assert [entry["amount_fen"] for entry in exported["debits"]] == [100]
        assert [event["type"] for event in world.sender.sent] == ["refund.succeeded"]

    run(story)


def test_an_order_closed_by_the_channel_is_closed_here():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        closed = TradeReport(state=TradeState.CLOSED, channel_trade_no="T", amount_fen=Fen(100))
        world.channel.reports[payment["out_trade_no"]] = closed
        assert await world.merchant.notify(payment, kind="closed") == (200, b"success")
        await world.gateway.idle()
        assert (await world.merchant.payment(payment))["status"] == "CLOSED"

    run(story)


def test_the_same_order_again_gets_the_same_payment_and_other_content_a_conflict():
    async def story(world: World) -> None:
        _, first = await world.merchant.pay()
        assert await world.merchant.pay() == (200, first)
        status, problem = await world.merchant.pay(amount_fen=200)
        assert (status, problem["code"]) == (409, "order_conflict")
        assert len(world.channel.calls) == 1

    run(story)


def test_an_idempotency_key_stands_for_one_body():
    async def story(world: World) -> None:
        body = {"merchant_order_no": "k-1", "amount_fen": 5, "currency": "CNY", "subject": "s", "channel": "alipay"}
        body["product"] = "qr"
        key = {"Idempotency-Key": "once"}
        _, first = await world.merchant.call("POST", "/api/v1/payments", body, **key)
        assert (await world.merchant.call("POST", "/api/v1/payments", body, **key))[1]["id"] == first["id"]
        other = {**body, "merchant_order_no": "k-2"}
        status, problem = await world.merchant.call("POST", "/api/v1/payments", other, **key)
        assert (status, problem["code"]) == (409, "idempotency_conflict")
        assert len(await world.merchant.exported()) == 1

    run(story)


def test_sixty_four_equal_requests_at_once_make_one_payment():
    async def story(world: World) -> None:
        answers = await asyncio.gather(*(world.merchant.pay() for _ in range(64)))
        assert len({payment["id"] for _, payment in answers}) == 1
        assert sorted({status for status, _ in answers} - {202}) in ([201], [200, 201])
        assert [what for what, _ in world.channel.calls] == ["pay"]

    run(story)


def test_a_partial_and_a_full_refund_and_no_fen_more():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay(amount_fen=300)
        await world.merchant.notify(payment)
        path = f"/api/v1/payments/{payment['id']}/refunds"
        status, refund = await world.merchant.call("POST", path, {"merchant_refund_no": "r1", "amount_fen": 100})
        assert (status, refund["status"]) == (201, "SUCCEEDED")
        assert (await world.merchant.payment(payment))["refund_status"] == "PARTIAL"
        again = await world.merchant.call("POST", path, {"merchant_refund_no": "r1", "amount_fen": 100})
        assert again == (200, refund)
        status, problem = await world.merchant.call("POST", path, {"merchant_refund_no": "r1", "amount_fen": 99})
        assert (status, problem["code"]) == (409, "refund_conflict")
        status, problem = await world.merchant.call("POST", path, {"merchant_refund_no": "r2", "amount_fen": 201})
        assert (status, problem["code"]) == (409, "refund_exceeds_paid")
        await world.merchant.call("POST", path, {"merchant_refund_no": "r3", "amount_fen": 200})
        after = await world.merchant.payment(payment)
        assert (after["refund_status"], after["refunded_fen"]) == ("FULL", 300)
        assert (await world.merchant.call("GET", f"{path}/{refund['id']}")) == (200, refund)
        await world.gateway.idle()
        assert [e["type"] for e in world.sender.sent] == ["payment.paid", "refund.succeeded", "refund.succeeded"]
        assert set(world.store.state.balances.values()) == {0}

    run(story)


def test_an_unpaid_payment_cannot_be_refunded_and_the_refusal_is_on_record():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        body = {"merchant_refund_no": "r1", "amount_fen": 100}
        status, problem = await world.merchant.call("POST", f"/api/v1/payments/{payment['id']}/refunds", body)
        assert (status, problem["code"]) == (409, "illegal_transition")
        refused = [row for row in world.store.state.transitions if not row.applied]
        assert [(row.event, row.from_state) for row in refused] == [("refund", "PENDING")]

    run(story)


@pytest.mark.parametrize("first", [ChannelOutcomeUnknown(), ChannelUnavailable(), RefundState.UNCONFIRMED])
def test_an_unknown_refund_keeps_its_amount_and_is_repeated_under_its_number(first):
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        await world.merchant.notify(payment)
        world.channel.refund_answers = [first, RefundState.UNCONFIRMED, RefundState.UNCONFIRMED]
        world.channel.refund_reports = [RefundState.SUCCEEDED]
        path = f"/api/v1/payments/{payment['id']}/refunds"
        status, refund = await world.merchant.call("POST", path, {"merchant_refund_no": "r1", "amount_fen": 60})
        assert (status, refund["status"]) == (202, "PROCESSING")
        status, _ = await world.merchant.call("POST", path, {"merchant_refund_no": "r2", "amount_fen": 60})
        assert status == 409
        await world.clock.sleep(60)
        await world.gateway.idle()
        assert (await world.merchant.call("GET", f"{path}/{refund['id']}"))[1]["status"] == "SUCCEEDED"
        assert {number for what, number in world.channel.calls if "refund" in what} == {refund["out_request_no"]}

    run(story)


def test_a_refused_refund_frees_its_amount():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        await world.merchant.notify(payment)
        world.channel.refund_answers = [ChannelRefused(code="ACQ.TRADE_NOT_ALLOW_REFUND")]
        path = f"/api/v1/payments/{payment['id']}/refunds"
        status, refund = await world.merchant.call("POST", path, {"merchant_refund_no": "r1", "amount_fen": 100})
        assert (status, refund["status"]) == (201, "FAILED")
        status, refund = await world.merchant.call("POST", path, {"merchant_refund_no": "r2", "amount_fen": 100})
        assert (status, refund["status"]) == (201, "SUCCEEDED")

    run(story)


def test_a_refusal_on_repeating_is_believed_only_after_asking():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        await world.merchant.notify(payment)
        refusal = ChannelRefused(code="ACQ.TRADE_HAS_CLOSE")
        world.channel.refund_answers = [ChannelOutcomeUnknown(), refusal, refusal]
        world.channel.refund_reports = [RefundState.SUCCEEDED]
        path = f"/api/v1/payments/{payment['id']}/refunds"
        _, refund = await world.merchant.call("POST", path, {"merchant_refund_no": "r1", "amount_fen": 100})
        await world.clock.sleep(60)
        assert (await world.merchant.call("GET", f"{path}/{refund['id']}"))[1]["status"] == "SUCCEEDED"

    run(story)


def test_sixteen_refunds_at_once_never_exceed_what_was_paid():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay(amount_fen=100)
        await world.merchant.notify(payment)
        path = f"/api/v1/payments/{payment['id']}/refunds"
        answers = await asyncio.gather(
            *(world.merchant.call("POST", path, {"merchant_refund_no": f"r{n}", "amount_fen": 30}) for n in range(16))
        )
        assert sorted(status for status, _ in answers) == [201] * 3 + [409] * 13
        assert (await world.merchant.payment(payment))["refunded_fen"] == 90

    run(story)


def test_webhooks_are_repeated_under_one_event_id_until_taken():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        await world.merchant.notify(payment)
        await world.clock.sleep(60)
        await world.gateway.idle()
        assert world.sender.tries == 4
        assert len(world.sender.sent) == 1

    run(story, World(sender=RememberingSender(refusals=3)))


def test_another_app_sees_nothing():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        rival = Merchant(world.http, world.gateway.url, world.clock, OTHER_APP)
        status, problem = await rival.call("GET", f"/api/v1/payments/{payment['id']}")
        assert (status, problem["code"]) == (404, "unknown_payment")
        assert await rival.exported() == []
        body = {"merchant_refund_no": "r1", "amount_fen": 100}
        assert (await rival.call("POST", f"/api/v1/payments/{payment['id']}/refunds", body))[0] == 404

    run(story)


def test_a_restart_resumes_what_a_crash_left():
    async def story(world: World) -> None:
        hanging = asyncio.Event()

        async def hang(_what: str, _number: str) -> None:
            await hanging.wait()

        world.channel.on_call = hang
        _, payment = await world.merchant.pay()
        await world.crash()
        world.channel.on_call = None
        await world.start()
        await world.clock.sleep(1)
        assert (await world.merchant.payment(payment))["pay_params"] is not None

    run(story)
